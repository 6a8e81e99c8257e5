import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  type Dashboard,
  dashboardFolder,
  dashboards,
  everyPanel,
  type Panel,
  shownPanels,
  type Variable,
} from './dashboard-files.ts'

/*
 * The rules of github.com/grafana/dashboard-linter, by its names and as its README tells them. Whether PromQL can be parsed
 * is left to a real Prometheus (test/system/dashboards.test.ts).
 */

type Exclusion = { readonly reason: string; readonly entries: readonly { readonly dashboard: string }[] }

const { exclusions } = parse(readFileSync(new URL('.lint', dashboardFolder), 'utf8')) as {
  exclusions: Readonly<Record<string, Exclusion>>
}

const variable = ({ templating }: Dashboard, name: string): Variable | undefined =>
  templating.list.find((each) => each.name === name)
const dataSources = ({ templating }: Dashboard) => templating.list.filter(({ type }) => type === 'datasource')
const expressions = (dashboard: Dashboard) =>
  shownPanels(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, refId }) => ({ expr, at: `${title} ${refId}` })),
  )
const prometheusOnes = (dashboard: Dashboard) =>
  expressions(dashboard).flatMap(({ expr, at }) => (expr === undefined ? [] : [{ expr, at }]))

function scopeFaults(dashboard: Dashboard, name: string): string[] {
  const found = variable(dashboard, name)
  if (found === undefined) return [`no variable ${name}`]
  const isRight =
    found.type === 'query' &&
    found.datasource?.uid === `\${datasource}` &&
    found.label.toLowerCase() === name &&
    found.multi &&
    found.includeAll &&
    found.allValue === '.+'
  return isRight ? [] : [`${name} is not a label of Prometheus of which several or all can be chosen`]
}

function unmatched(dashboard: Dashboard, label: string): string[] {
  return prometheusOnes(dashboard).flatMap(({ expr, at }) => {
    const selectors = selectorsOf(expr)
    return selectors.length > 0 && selectors.every(({ matchers }) => matchers.includes(`${label}=~"$${label}"`))
      ? []
      : [at]
  })
}

type Selector = {
  readonly metric: string
  readonly matchers: string
  readonly range: string | null
  readonly around: string | null
}

/** Every selector in an expression, with its window and the function right around it. */
function selectorsOf(expr: string): readonly Selector[] {
  const pattern = /(?:(\w+)\()?\b([a-z_:][a-z0-9_:]*)\{([^}]*)\}(?:\[([^\]]+)\])?/g
  return [...expr.matchAll(pattern)].map(([, around, metric, matchers, range]) => ({
    ...{ metric: metric!, matchers: matchers!, range: range ?? null, around: around ?? null },
  }))
}

const counted = ['rate', 'irate', 'increase']
const shownTypes = ['stat', 'table', 'timeseries', 'bargauge', 'heatmap', 'state-timeline', 'status-history']
const units = [
  'none',
  'string',
  'short',
  'percentunit',
  's',
  'bytes',
  'reqps',
  'cps',
  'ops',
  'bool_yes_no',
  'dateTimeAsIso',
]

/** A rule gives the faults of a dashboard. */
const rules: Readonly<Record<string, (dashboard: Dashboard) => readonly string[]>> = {
  'template-datasource-rule': (dashboard) => {
    const names = dataSources(dashboard).map(({ name, label }) => `${name}/${label}`)
    return names.length === 1 && names[0] === 'datasource/Data source' ? [] : names
  },
  'template-job-rule': (dashboard) => scopeFaults(dashboard, 'job'),
  'template-instance-rule': (dashboard) => scopeFaults(dashboard, 'instance'),
  'template-label-promql-rule': ({ templating }) =>
    templating.list
      .filter(({ type }) => type === 'query')
      .map(({ query }) => (typeof query === 'string' ? query : query.query))
      .filter((query) => !/^(label_names|label_values|metrics|query_result)\(.+\)$/.test(query)),
  'template-on-time-change-reload-rule': ({ templating }) =>
    templating.list.filter(({ type, refresh }) => type === 'query' && refresh !== 2).map(({ name }) => name),
  'panel-datasource-rule': (dashboard) => {
    const known = dataSources(dashboard).map(({ name }) => `\${${name}}`)
    return namesOf(shownPanels(dashboard).filter(({ datasource }) => !known.includes(datasource?.uid ?? '')))
  },
  'panel-title-description-rule': (dashboard) =>
    namesOf(shownPanels(dashboard).filter(({ title, description = '' }) => title === '' || description === '')),
  'panel-units-rule': (dashboard) =>
    namesOf(shownPanels(dashboard).filter(({ fieldConfig }) => !units.includes(fieldConfig?.defaults.unit ?? ''))),
  'panel-no-targets-rule': (dashboard) =>
    namesOf(
      shownPanels(dashboard).filter(({ type, targets = [] }) => !shownTypes.includes(type) || targets.length === 0),
    ),
  'target-promql-rule': (dashboard) =>
    expressions(dashboard)
      .filter(({ expr = '' }) => expr === '' || !isBalanced(expr))
      .map(({ at }) => at),
  'target-rate-interval-rule': (dashboard) =>
    prometheusOnes(dashboard)
      .filter(({ expr }) => selectorsOf(expr).some(hasFixedWindow))
      .map(({ at }) => at),
  'target-job-rule': (dashboard) => unmatched(dashboard, 'job'),
  'target-instance-rule': (dashboard) => unmatched(dashboard, 'instance'),
  'target-counter-agg-rule': (dashboard) =>
    prometheusOnes(dashboard)
      .filter(({ expr }) =>
        selectorsOf(expr).some(({ metric, around }) => metric.endsWith('_total') && !counted.includes(around ?? '')),
      )
      .map(({ at }) => at),
  'uneditable-dashboard': ({ editable }) => (editable ? ['editable'] : []),
}

/** `$__range` is what the reader chose, for a number over the whole of it. */
function hasFixedWindow({ range, around }: Selector): boolean {
  return counted.includes(around ?? '') && range !== '$__rate_interval' && range !== '$__range'
}

function namesOf(panels: readonly Panel[]): string[] {
  return panels.map(({ title }) => title)
}

function isBalanced(expr: string): boolean {
  return ['()', '{}', '[]'].every(([open, close]) => expr.split(open!).length === expr.split(close!).length)
}

describe.each(Object.entries(rules))('%s', (rule, faultsOf) => {
  const excluded = exclusions[rule]?.entries.map((entry) => entry.dashboard) ?? []

  it.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (title, dashboard) => {
    // What is excluded must break the rule: an exclusion that nobody needs hides the next fault.
    if (excluded.includes(title)) expect(faultsOf(dashboard)).not.toEqual([])
    else expect(faultsOf(dashboard)).toEqual([])
  })
})

it('excludes rules and dashboards that exist, each with a reason', () => {
  const titles = dashboards.map(({ title }) => title)
  for (const [rule, { reason, entries }] of Object.entries(exclusions)) {
    expect(Object.keys(rules)).toContain(rule)
    expect(reason.length).toBeGreaterThan(20)
    for (const { dashboard } of entries) expect(titles).toContain(dashboard)
  }
})

const [first] = dashboards.filter(({ uid }) => uid === 'davy-fleet')
const stat = everyPanel(first!).find(({ type }) => type === 'stat')!
const scope = 'job=~"$job", instance=~"$instance"'
const withPanel = (changes: Partial<Panel>): Dashboard => ({ ...first!, panels: [{ ...stat, ...changes } as Panel] })
const withExpr = (expr: string) => withPanel({ targets: [{ ...stat.targets![0]!, expr }] })
const withVariables = (change: (variable: Variable) => Partial<Variable>): Dashboard => ({
  ...first!,
  templating: { list: first!.templating.list.map((each) => ({ ...each, ...change(each) })) },
})

/** What each rule has to find fault with. */
const faulty: Readonly<Record<string, readonly Dashboard[]>> = {
  'template-datasource-rule': [withVariables(() => ({ name: 'prometheus' }))],
  'template-job-rule': [{ ...first!, templating: { list: [] } }, withVariables(() => ({ allValue: '.*' }))],
  'template-instance-rule': [withVariables(() => ({ multi: false }))],
  'template-label-promql-rule': [withVariables(() => ({ query: 'SELECT 1' }))],
  'template-on-time-change-reload-rule': [withVariables(() => ({ refresh: 1 }))],
  'panel-datasource-rule': [withPanel({ datasource: { type: 'prometheus', uid: 'davy-prometheus' } })],
  'panel-title-description-rule': [withPanel({ title: '' }), withPanel({ description: '' })],
  'panel-units-rule': [{ ...first!, panels: [{ ...stat, fieldConfig: undefined } as never] }],
  'panel-no-targets-rule': [withPanel({ targets: [] }), withPanel({ type: 'graph' })],
  'target-promql-rule': [withExpr('rate(x[5m'), withExpr('')],
  'target-rate-interval-rule': [withExpr(`rate(x_total{${scope}}[5m])`)],
  'target-job-rule': [withExpr('up{instance=~"$instance"}'), withExpr('vector(1)')],
  'target-instance-rule': [withExpr('up{job=~"$job"}')],
  'target-counter-agg-rule': [withExpr(`sum(x_total{${scope}})`)],
  'uneditable-dashboard': [{ ...first!, editable: true }],
}

it.each(Object.keys(rules))('%s sees a fault where there is one', (rule) => {
  expect(faulty[rule]!.length).toBeGreaterThan(0)
  for (const dashboard of faulty[rule]!) expect(rules[rule]!(dashboard)).not.toEqual([])
  const right = withExpr(`rate(x_total{${scope}}[$__rate_interval])`)
  expect(rules[rule]!(right)).toEqual([])
})
