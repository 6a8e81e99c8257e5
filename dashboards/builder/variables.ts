import { clickhouse, dedent, prometheus } from './queries.ts'

/** A variable as Grafana reads it. */
export type Variable = Readonly<Record<string, unknown>> & { readonly name: string }

const dataSource = (name: string, label: string, query: string): Variable => ({
  name,
  label,
  type: 'datasource',
  query,
  regex: '',
  hide: 0,
  refresh: 1,
  multi: false,
  includeAll: false,
  current: {},
  options: [],
  skipUrlSync: false,
})

const prometheusVariable = dataSource('datasource', 'Data source', prometheus.type)
export const clickhouseVariable = dataSource('clickhouse', 'ClickHouse', clickhouse.type)

type Choice = {
  readonly name: string
  readonly label: string
  readonly hidden?: boolean
  readonly multi?: boolean
  readonly all?: boolean
  /** 1: by the alphabet; 0: as the answer has it. */
  readonly sort?: 0 | 1
}

function choice({ name, label, hidden, multi, all, sort }: Choice): Variable {
  return {
    name,
    label,
    type: 'query',
    // 2: read anew when the time range changes.
    refresh: 2,
    regex: '',
    sort: sort ?? 1,
    hide: hidden === true ? 2 : 0,
    multi: multi === true,
    includeAll: all === true,
    ...(all === true ? { allValue: '.+', current: { selected: true, text: 'All', value: '$__all' } } : { current: {} }),
    options: [],
    skipUrlSync: false,
  }
}

/** Values of a label. @param from a selector of the series that have it. */
export function labelVariable(how: Choice, from: string): Variable {
  const query = `label_values(${from}, ${how.name === 'report_base' ? 'public_url' : how.name})`
  return {
    ...choice(how),
    datasource: prometheus,
    definition: query,
    query: { query, refId: `variable-${how.name}` },
  }
}

/** Values from ClickHouse: the first column is the value, a second one its text. */
export function sqlVariable(how: Choice, rawSql: string): Variable {
  const query = dedent(rawSql)
  return { ...choice(how), datasource: clickhouse, definition: query, query }
}

/** Where Davy's pages are: it tells its public URL as a label, so that no file has to be edited. */
const reportBase = labelVariable({ name: 'report_base', label: 'Report', hidden: true }, 'davy_build_info{job=~"$job"}')

const job = labelVariable({ name: 'job', label: 'Job', multi: true, all: true }, 'davy_build_info')
const instance = labelVariable(
  { name: 'instance', label: 'Instance', multi: true, all: true },
  'davy_build_info{job=~"$job"}',
)

/** Which Davys are shown, and where their pages are. */
export const davyVariables: readonly Variable[] = [prometheusVariable, job, instance, reportBase]

/** For what Davys have on record together in one ClickHouse: there are no instances in it, only pages that tell of it. */
export const recordVariables: readonly Variable[] = [prometheusVariable, clickhouseVariable, job, reportBase]

/** Which services and environments are shown. Read from the state, which also those have that nothing rolls out in. */
export const unitVariables: readonly Variable[] = [
  labelVariable(
    { name: 'environment', label: 'Environment', multi: true, all: true },
    'davy_deployment_state{job=~"$job"}',
  ),
  labelVariable(
    { name: 'service', label: 'Service', multi: true, all: true },
    'davy_deployment_state{job=~"$job", environment=~"$environment"}',
  ),
]
