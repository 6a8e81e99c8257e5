import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/platform/metrics.ts'
import { dashboards } from '../dashboards/dashboard-files.ts'
import { alertsFolder, isAlert, metricsIn, readRules, readTestGroups } from './read-alerts.ts'

const rules = readRules()
const alerts = rules.filter(isAlert)
const names = alerts.map(({ alert }) => alert)
const groups = readTestGroups()
const read = (path: string) => readFileSync(join(alertsFolder, path), 'utf8')

/** Minutes of promtool's "1d2h30m". */
function minutesOf(time: string): number {
  const minutes: Readonly<Record<string, number>> = { d: 1440, h: 60, m: 1, s: 1 / 60 }
  return [...time.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * minutes[unit!]!, 0)
}

test('the rules were read, and no two alerts have one name', () => {
  expect(alerts.length).toBeGreaterThan(30)
  expect(new Set(names).size).toBe(names.length)
})

describe.each(alerts)('$alert', (rule) => {
  const { alert, labels, annotations } = rule
  const own = groups.filter(({ name }) => name.startsWith(`${alert}: `))
  const isEternal = alert === 'DavyWatchdog'

  test('says how urgent it is, whose it is, and what of', () => {
    expect(['critical', 'warning', ...(isEternal ? ['none'] : [])]).toContain(labels.severity)
    expect(['release', 'davy']).toContain(labels.team)
    const components = ['verdict', 'analysis', 'delivery', 'ingest', 'storage', 'platform', 'slo']
    expect(components).toContain(labels.component)
  })

  test('has a summary of one line, a description and a runbook', () => {
    expect(annotations.summary).toMatch(/^\S.{10,119}$/)
    expect(annotations.description).toMatch(/^[A-Z{].{20,300}\.$/)
    const base = '{{ with $externalLabels.davy_runbooks }}{{ . }}/{{ else }}runbooks/{{ end }}'
    expect(annotations.runbook_url).toBe(`${base}${alert}.md`)
    const runbook = read(`runbooks/${alert}.md`)
    expect(runbook).toMatch(new RegExp(`^# ${alert}\n\nSeverity ${labels.severity}, team ${labels.team}\\.`))
    const sections = runbook.split(/^## /m).slice(1)
    const titles = ['What it means', 'Impact', 'What to look at', 'What to do']
    expect(sections.map((section) => section.split('\n')[0])).toEqual(titles)
    for (const section of sections) expect(section.split('\n').slice(1).join('').length).toBeGreaterThan(15)
  })

  test('leads to the dashboard that shows it, wherever Grafana is', () => {
    const [, uid, variable, label] =
      /^\{\{ with \$externalLabels\.davy_grafana \}\}\{\{ \. \}\}\{\{ end \}\}\/d\/([a-z-]+)(?:\?var-(\w+)=\{\{ \$labels\.(\w+) \}\})?$/.exec(
        annotations.dashboard_url!,
      ) ?? []
    const dashboard = dashboards.find((each) => each.uid === uid)
    expect(dashboard).toBeDefined()
    const isOfDeployment = labels.component === 'verdict'
    expect([variable, label]).toEqual(isOfDeployment ? ['deployment', 'deployment_id'] : [undefined, undefined])
    if (isOfDeployment) expect(dashboard!.templating.list.map(({ name }) => name)).toContain(variable)
  })

  test('names its deployment with both labels of the unit and its report, or is about an instance of Davy', () => {
    if (labels.component !== 'verdict') return
    expect(rule.expr).toMatch(/\bby \(service, environment, deployment_id\b/)
    expect(annotations.report_url).toContain('label "public_url"')
    expect(annotations.report_url).toMatch(/\/deployments\/\{\{ \$labels\.deployment_id \}\}$/)
  })

  test('is tested: it fires with all its labels after its time, and it resolves', () => {
    const fires = own.find(({ name }) => name === `${alert}: fires, then resolves`)
    const cases = fires?.alert_rule_test ?? []
    expect(cases.every(({ alertname }) => alertname === alert)).toBe(true)
    const firing = cases.findIndex(({ exp_alerts }) => exp_alerts.length > 0)
    const [expected] = cases[firing]?.exp_alerts ?? []
    expect(expected?.exp_labels).toMatchObject(labels)
    expect(Object.keys(expected?.exp_annotations ?? {}).sort()).toEqual(Object.keys(annotations).sort())
    if (isEternal) return
    expect(cases.slice(0, firing)).toEqual([expect.objectContaining({ exp_alerts: [] })])
    expect(cases.at(-1)?.exp_alerts).toEqual([])
    expect(minutesOf(cases.at(-1)!.eval_time)).toBeGreaterThan(minutesOf(cases[firing]!.eval_time))
  })

  test.skipIf(isEternal)('is tested: it stays quiet just below its threshold', () => {
    const quiet = own.filter(({ name }) => name.startsWith(`${alert}: stays quiet`))
    expect(quiet.length).toBeGreaterThan(0)
    for (const { alert_rule_test: cases } of quiet) {
      expect(cases.length).toBeGreaterThan(0)
      for (const one of cases) expect(one).toMatchObject({ alertname: alert, exp_alerts: [] })
    }
  })
})

describe('the folder', () => {
  test('has no runbook and no test of an alert that is no more', () => {
    const books = readdirSync(join(alertsFolder, 'runbooks')).map((file) => file.replace(/\.md$/, ''))
    expect(books.sort()).toEqual(names.toSorted())
    expect(groups.map(({ name }) => name.split(':')[0]!).filter((name) => !names.includes(name))).toEqual([])
  })

  test('has links that lead somewhere', () => {
    const pages = ['README.md', ...names.map((name) => `runbooks/${name}.md`)]
    for (const page of pages) {
      for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        const path = join(alertsFolder, page, '..', target!)
        expect(existsSync(path), `${page}: ${target}`).toBe(true)
      }
    }
  })

  test('lists every alert in its README, as urgent as it is', () => {
    const rows = read('README.md').matchAll(/^\| \[(\w+)\]\(runbooks\/\w+\.md\) +\| (\w+) +\|/gm)
    const listed = Object.fromEntries([...rows].map(([, name, severity]) => [name, severity]))
    expect(listed).toEqual(Object.fromEntries(alerts.map(({ alert, labels }) => [alert, labels.severity])))
  })
})

describe('the expressions', () => {
  const recorded = new Set(rules.flatMap(({ record }) => record ?? []))

  test('use only metrics that Davy has, or that another rule records', async () => {
    const { body } = await createMetrics({ version: '1', publicUrl: 'http://davy.test' }).render(undefined)
    const families = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
    const isThere = (name: string) => {
      const histogram = name.replace(/_(bucket|sum|count)$/, '')
      if (histogram !== name && families.get(histogram) === 'histogram') return true
      return families.has(name) && families.get(name) !== 'histogram'
    }
    const used = rules.flatMap(({ expr }) => metricsIn(expr))
    expect(new Set(used).size).toBeGreaterThan(25)
    const unknown = used.filter((name) => name !== 'up' && !recorded.has(name) && !isThere(name))
    expect(unknown).toEqual([])
  })

  test('ask for a rate of counters only, and take no counter as it is', () => {
    for (const { expr } of rules) {
      for (const name of metricsIn(expr).filter((each) => each.endsWith('_total'))) {
        const uses = expr.split(name).slice(0, -1)
        for (const before of uses) expect(before, expr).toMatch(/(rate|increase)\($/)
      }
    }
  })

  test('name only reason codes that a verdict can have', () => {
    const verdict = readFileSync(join(alertsFolder, '../src/domain/verdict.ts'), 'utf8')
    const codes = rules.flatMap(({ expr }) =>
      [...expr.matchAll(/\bcode=~"([A-Z_|]+)"/g)].flatMap(([, one]) => one!.split('|')),
    )
    expect(codes.length).toBeGreaterThan(8)
    expect(codes.filter((code) => !verdict.includes(`  | '${code}'\n`))).toEqual([])
  })

  test('have a budget and all windows for each objective', () => {
    const of = (record: string) => rules.filter((rule) => rule.record === record).map(({ labels }) => labels.slo)
    const objectives = ['ingest', 'looks', 'delivery', 'api']
    expect(of('davy:slo_budget:ratio')).toEqual(objectives)
    for (const window of ['5m', '30m', '1h', '2h', '6h', '1d', '3d']) {
      expect(of(`davy:slo_errors:ratio_rate${window}`)).toEqual(objectives)
    }
    for (const window of ['1h', '6h', '1d', '3d']) expect(of(`davy:slo_events:increase${window}`)).toEqual(objectives)
  })
})
