import { describe, expect, it } from 'vitest'
import { type Dashboard, dashboards, everyPanel, everyQuery, type Panel, shownPanels } from './dashboard-files.ts'
import { variablesIn } from './interpolate.ts'

const uids = dashboards.map(({ uid }) => uid)

/** A name for each thing that breaks a rule; empty when all keep it. */
function breaking<T>(things: readonly T[], name: (thing: T) => string, keeps: (thing: T) => boolean): string[] {
  return things.filter((thing) => !keeps(thing)).map(name)
}

const titleOf = ({ title }: { readonly title: string }) => title

it('there are seven, each with one question', () => {
  expect(uids).toEqual([
    'davy-deployment',
    'davy-fleet',
    'davy-history',
    'davy-pipeline',
    'davy-service-health',
    'davy-slo',
    'davy-webhooks',
  ])
  expect(breaking(dashboards, titleOf, ({ description }) => description.endsWith('?'))).toEqual([])
})

it('the one of endpoints has a row for each', () => {
  const { panels } = dashboards.find(({ uid }) => uid === 'davy-webhooks')!
  expect(panels.filter(({ type, repeat }) => type === 'row' && repeat === 'endpoint')).toHaveLength(1)
})

describe.each(dashboards.map((dashboard) => [dashboard.uid, dashboard] as const))('%s', (uid, dashboard) => {
  const panels = shownPanels(dashboard)
  const variables = dashboard.templating.list

  it('opens the same way everywhere, and nobody changes it by accident', () => {
    expect(uid).toMatch(/^davy-[a-z-]{1,35}$/)
    expect(dashboard).toMatchObject({ tags: ['davy'], editable: false, graphTooltip: 1, timezone: 'browser' })
    expect(dashboard.time.to).toBe('now')
    expect([39, 40, 41]).toContain(dashboard.schemaVersion)
    expect(seconds(dashboard.refresh)).toBeGreaterThanOrEqual(30)
    expect(dashboard).not.toHaveProperty('__inputs')
    expect(dashboard).not.toHaveProperty('id')
  })

  it('leads to the others and keeps the time', () => {
    const [siblings] = dashboard.links
    expect(siblings).toMatchObject({ type: 'dashboards', tags: ['davy'], asDropdown: true, keepTime: true })
    expect(siblings!.includeVars).toBe(true)
    const own = dashboard.links.slice(1)
    expect(breaking(own, titleOf, ({ targetBlank, url }) => targetBlank && url !== '')).toEqual([])
  })

  it('says of every panel what it shows and what to do, with a unit and a word for nothing', () => {
    expect(breaking(panels, titleOf, ({ description = '' }) => description.length >= 40)).toEqual([])
    expect(breaking(panels, titleOf, ({ fieldConfig }) => (fieldConfig?.defaults.unit ?? '') !== '')).toEqual([])
    expect(breaking(panels, titleOf, ({ fieldConfig }) => (fieldConfig?.defaults.noValue ?? '') !== '')).toEqual([])
    expect(new Set(panels.map(titleOf)).size).toBe(panels.length)
  })

  it("speaks the house's words", () => {
    const texts = panels.flatMap(({ title, description = '' }) => [title, description])
    const wrong = /!|please|success|anomal|significant|seems|detect(ed|s)\b|healthy/i
    expect(texts.filter((text) => wrong.test(text))).toEqual([])
  })

  it('starts rates and shares at zero', () => {
    const fromZero = ['reqps', 'cps', 'ops', 'bytes', 's']
    const charts = panels.filter(({ type }) => type === 'timeseries')
    const keeps = ({ fieldConfig }: Panel) =>
      !fromZero.includes(fieldConfig!.defaults.unit!) || fieldConfig!.defaults.min === 0
    expect(breaking(charts, titleOf, keeps)).toEqual([])
  })

  it('shows at most twenty panels before something is opened', () => {
    const open = dashboard.panels.filter(({ type }) => type !== 'row')
    expect(open.length).toBeLessThanOrEqual(20)
  })

  it('numbers its panels and places them side by side, in 24 columns, none over another', () => {
    const all = everyPanel(dashboard)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(breaking(all, titleOf, ({ gridPos: { x, w } }) => x >= 0 && x + w <= 24)).toEqual([])
    for (const group of [dashboard.panels, ...dashboard.panels.map((row) => row.panels ?? [])]) {
      expect(overlaps(group)).toEqual([])
    }
    const references = panels.map(({ targets = [] }) => targets.map(({ refId }) => refId))
    expect(references.filter((ids) => ids.length === 0 || new Set(ids).size !== ids.length)).toEqual([])
  })

  it('asks its data sources by variable only', () => {
    const sources = [
      ...panels.flatMap(({ datasource, targets = [] }) => [datasource, ...targets.map((target) => target.datasource)]),
      ...variables.filter(({ type }) => type === 'query').map(({ datasource }) => datasource),
      ...dashboard.annotations.list.filter(({ builtIn }) => builtIn !== 1).map(({ datasource }) => datasource),
    ]
    const allowed = [
      { type: 'prometheus', uid: `\${datasource}` },
      { type: 'grafana-clickhouse-datasource', uid: `\${clickhouse}` },
    ]
    for (const source of sources) expect(allowed).toContainEqual(source)
    const asksClickhouse = sources.some((source) => source?.uid === `\${clickhouse}`)
    expect(variables.some(({ name }) => name === 'clickhouse')).toBe(asksClickhouse)
    expect(variables[0]).toMatchObject({ name: 'datasource', label: 'Data source', type: 'datasource' })
  })

  it('has every variable that it uses and uses every one that it has', () => {
    const names = variables.map(({ name }) => name)
    const used = new Set(variablesIn(JSON.stringify({ ...dashboard, uid: '' })))
    expect([...used].filter((name) => !names.includes(name))).toEqual([])
    // A choice that changes nothing would lie.
    const changing = everyQuery().filter((query) => query.dashboard === dashboard)
    const asked = new Set(changing.flatMap(({ expr, rawSql }) => variablesIn(expr ?? rawSql ?? '')))
    const shown = variables.filter(({ type, hide }) => type === 'query' && hide === 0).map(({ name }) => name)
    expect(shown.filter((name) => !asked.has(name))).toEqual([])
    // Nobody edits it, and nobody sees it: Davy itself says where its pages are.
    const base = variables.find(({ name }) => name === 'report_base')
    expect(base).toMatchObject({ hide: 2, query: { query: 'label_values(davy_build_info{job=~"$job"}, public_url)' } })
  })

  it('draws traces beside quantiles', () => {
    const quantiles = panels
      .flatMap(({ targets = [] }) => targets)
      .filter(({ expr }) => expr?.includes('histogram_quantile'))
    expect(quantiles.filter(({ exemplar }) => exemplar !== true)).toEqual([])
  })

  it('has annotations that say what, which and where', () => {
    const own = dashboard.annotations.list.filter(({ builtIn }) => builtIn !== 1)
    expect(own.length).toBeGreaterThan(0)
    const fromPrometheus = own.filter(({ datasource }) => datasource.type === 'prometheus')
    for (const { expr, target, titleFormat, textFormat, tagKeys, useValueForTime } of fromPrometheus) {
      expect(target?.expr).toBe(expr)
      expect([titleFormat, textFormat, tagKeys].every((text) => (text ?? '') !== '')).toBe(true)
      expect(useValueForTime === 'on').toBe(expr!.includes('timestamp_seconds'))
    }
    if (uid !== 'davy-history') expect(own.length).toBeGreaterThanOrEqual(3)
  })

  it('links to dashboards that exist, and to the report by variable', () => {
    const text = JSON.stringify(dashboard)
    const targets = [...text.matchAll(/\/d\/([a-z-]+)/g)].map(([, target]) => target!)
    expect(targets.filter((target) => !uids.includes(target))).toEqual([])
    expect([...text.matchAll(/https?:\/\//g)]).toEqual([])
    for (const [, value] of text.matchAll(/var-([a-z_]+)=/g)) {
      expect(
        dashboards.find((one) => one.uid === 'davy-deployment')!.templating.list.map(({ name }) => name),
      ).toContain(value)
    }
  })

  it('opens what its tables lead to beside itself, and shows the same time there', () => {
    type Link = { readonly url: string; readonly targetBlank?: boolean }
    const properties = panels.flatMap(({ fieldConfig }) => fieldConfig!.overrides.flatMap((each) => each.properties))
    const links = properties.filter(({ id }) => id === 'links').flatMap(({ value }) => value as Link[])
    expect(links.filter(({ targetBlank }) => targetBlank !== true)).toEqual([])
    const within = links.filter(({ url }) => url.startsWith('/d/'))
    expect(within.filter(({ url }) => !url.includes(`\${__url_time_range}`))).toEqual([])
    const reports = links.filter(({ url }) => !url.startsWith('/d/'))
    expect(reports.filter(({ url }) => !url.startsWith(`\${report_base}/deployments/\${__data.fields.`))).toEqual([])
    if (['davy-fleet', 'davy-history'].includes(uid)) expect(reports.length).toBeGreaterThan(0)
  })

  it('says in words, too, what it says in colours', () => {
    type Mapping = { readonly options: Readonly<Record<string, { readonly text?: string; readonly color?: string }>> }
    const mappings = panels.flatMap(({ fieldConfig }) => fieldConfig!.defaults.mappings as Mapping[])
    const values = mappings.flatMap(({ options }) => Object.values(options))
    expect(values.filter(({ text, color }) => color !== undefined && (text ?? '') === '')).toEqual([])
  })

  it('draws with thresholds only where there is a decision', () => {
    const coloured = panels.filter(({ fieldConfig }) => fieldConfig!.defaults.thresholds.steps.length > 1)
    // Who reads a colour must be told what to do about it.
    expect(breaking(coloured, titleOf, ({ description = '' }) => /[:;,.] /.test(description))).toEqual([])
    expect(
      breaking(panels, titleOf, ({ fieldConfig }) => fieldConfig!.defaults.thresholds.steps[0]?.value === null),
    ).toEqual([])
  })
})

function seconds(duration: string): number {
  return Number.parseInt(duration, 10) * (duration.endsWith('m') ? 60 : 1)
}

function overlaps(panels: Dashboard['panels']): string[] {
  const pairs = panels.flatMap((a, index) => panels.slice(index + 1).map((b) => [a, b] as const))
  const touches = ([{ gridPos: a }, { gridPos: b }]: readonly [Panel, Panel]) =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
  return pairs.filter(touches).map(([a, b]) => `${a.title} and ${b.title}`)
}
