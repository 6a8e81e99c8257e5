import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { burnWindows, objectives, wrongShare } from '../../dashboards/boards/objectives.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { everyQuery } from './dashboard-files.ts'

/** Instruments that neither a dashboard nor an alert reads, and why they are there all the same. */
const unread: Readonly<Record<string, string>> = {
  process_cpu_seconds_total: 'the sum of user and system, which are shown one by one',
  process_virtual_memory_bytes: 'says little of a process that maps its data',
  process_heap_bytes: 'what brk gave; Node and ClickHouse allocate by mmap',
  nodejs_eventloop_lag_seconds: 'one sample at the scrape; the quantiles say more',
  nodejs_eventloop_lag_min_seconds: 'the quantiles say more',
  nodejs_eventloop_lag_max_seconds: 'the quantiles say more',
  nodejs_eventloop_lag_mean_seconds: 'the quantiles say more',
  nodejs_eventloop_lag_stddev_seconds: 'the quantiles say more',
  nodejs_eventloop_lag_p90_seconds: 'p50 and p99 are shown',
  nodejs_active_resources: 'for a person who looks for a leak',
  nodejs_active_resources_total: 'for a person who looks for a leak',
  nodejs_active_handles: 'for a person who looks for a leak',
  nodejs_active_handles_total: 'for a person who looks for a leak',
  nodejs_active_requests: 'for a person who looks for a leak',
  nodejs_active_requests_total: 'for a person who looks for a leak',
  nodejs_heap_size_total_bytes: 'what is used against the limit is shown',
  nodejs_heap_space_size_total_bytes: 'for a person who looks for a leak',
  nodejs_heap_space_size_used_bytes: 'for a person who looks for a leak',
  nodejs_heap_space_size_available_bytes: 'for a person who looks for a leak',
  nodejs_version_info: 'davy_build_info says it too',
}

const { body } = await createMetrics({ version: '0', publicUrl: 'http://davy.test' }).render(undefined)
const instruments = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
const parts = { histogram: ['_bucket', '_count', '_sum'], counter: [''], gauge: [''] } as const

/** Names of series that Davy exposes, with the instrument of each. */
const exposed = new Map(
  [...instruments].flatMap(([name, type]) =>
    (parts[type as keyof typeof parts] ?? ['']).map((part) => [`${name}${part}`, name] as const),
  ),
)

function metricsIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\b([a-z][a-z0-9_:]*)(?=\{)/g)].map(([, name]) => name!)
}

const asked = everyQuery().flatMap(({ expr = '', place }) => {
  const selector = /^label_values\((\w+)[{,]/.exec(expr)?.[1]
  return [...metricsIn(expr), ...(selector === undefined ? [] : [selector])].map((metric) => ({ metric, place }))
})

const alerts = new URL('../../alerts/rules/', import.meta.url)
const alertTexts = readdirSync(alerts).map((file) => readFileSync(new URL(file, alerts), 'utf8'))

it('dashboards ask only for what Davy exposes', () => {
  expect(asked.length).toBeGreaterThan(100)
  expect(asked.filter(({ metric }) => !exposed.has(metric))).toEqual([])
})

it('every instrument is read by a dashboard or an alert, or has a reason not to be', () => {
  const inDashboards = new Set(asked.map(({ metric }) => exposed.get(metric)))
  const isInAlerts = (name: string) =>
    alertTexts.some((text) => new RegExp(`\\b${name}(_bucket|_count|_sum)?\\b`).test(text))
  const read = [...instruments.keys()].filter((name) => inDashboards.has(name) || isInAlerts(name))
  const missing = [...instruments.keys()].filter((name) => !read.includes(name) && !(name in unread))
  expect(missing).toEqual([])
  expect(Object.keys(unread).filter((name) => read.includes(name) || !instruments.has(name))).toEqual([])
})

type Rule = { readonly record?: string; readonly expr: string; readonly labels?: { readonly slo?: string } }

/** What has no meaning for the result: spaces, who is asked, and the order of alternatives. */
function plain(expr: string): string {
  return expr
    .replace(/job=~"\$job", instance=~"\$instance"(, )?|job="davy"(, )?/g, '')
    .replaceAll('{}', '')
    .replace(/"([a-z_|]+)"/g, (_, list: string) => JSON.stringify(list.split('|').sort().join('|')))
    .replace(/\s+/g, '')
}

it('objectives are those that alerts are made of', () => {
  const rules = alertTexts.flatMap((text) =>
    (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
  )
  const recorded = (record: string, slo: string) =>
    rules.find((rule) => rule.record === record && rule.labels?.slo === slo)?.expr ?? ''
  const slos = rules.filter(({ record }) => record === 'davy:slo_budget:ratio').map(({ labels }) => labels!.slo)
  expect(objectives.map(({ slo }) => slo).sort()).toEqual(slos.sort())
  for (const objective of objectives) {
    expect(recorded('davy:slo_budget:ratio', objective.slo)).toBe(`vector(${objective.budget})`)
    for (const { long } of burnWindows) {
      expect(plain(wrongShare(objective, long))).toBe(
        plain(recorded(`davy:slo_errors:ratio_rate${long}`, objective.slo)),
      )
    }
  }
})
