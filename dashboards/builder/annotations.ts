import { clickhouse, dedent, prometheus } from './queries.ts'
import { colours } from './states.ts'

/** An annotation query as Grafana reads it. */
export type Annotation = Readonly<Record<string, unknown>> & { readonly name: string }

type PrometheusAnnotation = {
  readonly name: string
  readonly colour: string
  readonly expr: string
  readonly title: string
  readonly text: string
  /** The value is the time in Unix milliseconds; else the annotation covers as long as there are values. */
  readonly valueIsTime: boolean
}

function fromPrometheus({ name, colour, expr, title, text, valueIsTime }: PrometheusAnnotation): Annotation {
  const step = '60s'
  return {
    name,
    datasource: prometheus,
    enable: true,
    hide: false,
    iconColor: colour,
    expr,
    step,
    // Grafana before 9 reads the fields above, later ones the target.
    target: { expr, interval: step, refId: 'Anno' },
    titleFormat: title,
    textFormat: text,
    tagKeys: 'service,environment',
    useValueForTime: valueIsTime ? 'on' : false,
  }
}

const versions = '{{baseline_version}} to {{version}}'

/**
 * Deployments, promotes and rollbacks as Prometheus knows them. A rollback is told with its exact time; a promote with
 * that of the scrape in which its state was new.
 * @param matchers which units; '' for all.
 */
export function rolloutAnnotations(matchers: string): readonly Annotation[] {
  const scope = `job=~"$job"${matchers === '' ? '' : `, ${matchers}`}`
  const state = `max by (service, environment) (davy_deployment_state{${scope}})`
  const before = `max by (service, environment) (davy_deployment_state{${scope}} offset 1m)`
  const labels = 'service, environment, deployment_id, version, baseline_version'
  return [
    fromPrometheus({
      name: 'Deployments',
      colour: colours.judging,
      expr: `max by (${labels}) (davy_deployment_info{${scope}})`,
      title: `{{service}} ${versions}`,
      text: 'rolls out in {{environment}}; deployment {{deployment_id}}',
      valueIsTime: false,
    }),
    fromPrometheus({
      name: 'Promoted',
      colour: colours.promote,
      // What was not there a minute ago is no news: Davy was restarted.
      expr: `(${state} == 2) and on (service, environment) (${before} != 2)`,
      title: 'Promote {{service}}',
      text: 'harm was ruled out in {{environment}}',
      valueIsTime: false,
    }),
    fromPrometheus({
      name: 'Rolled back',
      colour: colours.rollback,
      expr: `max by (${labels}) (davy_rollback_timestamp_seconds{${scope}}) * 1000`,
      title: `Roll back {{service}} ${versions}`,
      text: 'in {{environment}}; deployment {{deployment_id}}',
      valueIsTime: true,
    }),
  ]
}

/** What ClickHouse tells: the exact times and the sentences, of all times. @param rawSql columns time, title, text, tags. */
export function sqlAnnotation(name: string, colour: string, rawSql: string): Annotation {
  return {
    name,
    datasource: clickhouse,
    enable: true,
    hide: false,
    iconColor: colour,
    target: { editorType: 'sql', format: 1, queryType: 'table', rawSql: dedent(rawSql), refId: 'Anno' },
  }
}
