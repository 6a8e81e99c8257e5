import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/domain/errors.ts'
import type { AttemptResult } from '../../src/domain/sink.ts'
import type { Decision, Verdict } from '../../src/domain/verdict.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { everyQuery } from '../dashboards/dashboard-files.ts'
import { readText } from '../deploy/read-deploy.ts'
import { readRules } from './read-alerts.ts'

/*
 * Rules and dashboards against the instruments, label by label: a label or an outcome that was renamed makes a rule that
 * never fires, and promtool's tests, whose series are written by hand, would not notice.
 */

type Instrument = {
  readonly name: string
  readonly labelNames: readonly string[]
  readonly upperBounds?: readonly number[]
}

const instruments = Object.values(createMetrics({ version: '1', publicUrl: 'http://davy.test' }))
  .filter((each) => typeof each === 'object')
  .map((each) => each as unknown as Instrument)

/** Of the scrape, in Kubernetes and elsewhere. */
const always = ['job', 'instance', 'namespace']

function instrumentOf(metric: string): Instrument | undefined {
  const bare = metric.replace(/_(bucket|count|sum)$/, '')
  return instruments.find(({ name }) => name === metric || name === bare || `${name}_total` === metric)
}

function labelsOf(metric: string): readonly string[] {
  if (metric.startsWith('davy:slo_')) return ['slo']
  const bucket = metric.endsWith('_bucket') ? ['le'] : []
  const instrument = instrumentOf(metric)
  // What prom-client measures of Node itself: the dashboards' own test sees these.
  if (instrument === undefined) return [...always, ...bucket, 'kind', 'version', 'node_version', 'public_url']
  return [...always, ...bucket, ...instrument.labelNames]
}

type Selector = { readonly place: string; readonly metric: string; readonly matchers: readonly string[][] }

function selectorsIn(place: string, expr: string): Selector[] {
  return [...expr.matchAll(/\b([a-z][a-z0-9_:]*)\{([^}]*)\}/g)].map(([, metric, text]) => ({
    ...{ place, metric: metric! },
    matchers: [...text!.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)].map(([, label, value]) => [label!, value!]),
  }))
}

const expressions = [
  ...readRules().map(({ file, alert, record, expr }) => ({ place: `${file}: ${alert ?? record}`, expr })),
  ...everyQuery().flatMap(({ place, expr }) => (expr === undefined ? [] : [{ place, expr }])),
]
const selectors = expressions.flatMap(({ place, expr }) => selectorsIn(place, expr))

const ingested = ['accepted', ...Object.keys(errorTable).map((code) => code.toLowerCase())]
const modes: readonly Verdict['mode'][] = ['observe', 'enforce']
const attempts: readonly AttemptResult['outcome'][] = ['delivered', 'retry', 'failed', 'gone', 'skipped']

/** What a label can say, by its metric. Where the code has a type for it, so has the list. */
const sayable: Readonly<Record<string, readonly string[]>> = {
  'davy_ingest_requests_total outcome': ingested,
  'davy_ingest_items_total outcome': ['accepted', 'rejected'],
  'davy_request_errors_total code': Object.keys(errorTable),
  'davy_webhook_deliveries_total outcome': attempts,
  'davy_source_questions_total outcome': ['answered', 'failed'],
  'davy_storage_operation_duration_seconds_count outcome': ['ok', 'error'],
  'davy_deployment_reason mode': modes,
  'davy_deployment_reason decision': ['promote', 'hold', 'rollback'] satisfies Decision[],
  'davy_deployment_look_overdue_seconds mode': modes,
  'davy_rollback_timestamp_seconds mode': modes,
  'davy_rollback_timestamp_seconds decided_by': ['davy', 'person'],
}

/** Where what has no type is said. */
const said: Readonly<Record<string, readonly [file: string, words: readonly string[]]>> = {
  'davy_ingest_items_total outcome': ['src/http/take-telemetry.ts', ["outcome: 'accepted'", "outcome: 'rejected'"]],
  'davy_source_questions_total outcome': ['src/engine/sources.ts', ["outcome: 'answered' | 'failed'"]],
  'davy_storage_operation_duration_seconds_count outcome': ['src/storage/measured.ts', ["'ok'", "'error'"]],
  'davy_rollback_timestamp_seconds decided_by': ['src/engine/measure.ts', ["'davy' | 'person'"]],
}

describe('selectors of rules and dashboards', () => {
  it('were found', () => {
    expect(selectors.length).toBeGreaterThan(150)
    expect(instruments.length).toBeGreaterThan(30)
  })

  it('match only labels that the instrument has', () => {
    const wrong = selectors.flatMap(({ place, metric, matchers }) =>
      matchers.filter(([label]) => !labelsOf(metric).includes(label!)).map(([label]) => `${place}: ${metric} ${label}`),
    )
    expect(wrong).toEqual([])
  })

  it('match only what Davy says there', () => {
    const asked = selectors.flatMap(({ place, metric, matchers }) =>
      matchers
        .filter(([label, value]) => /^(outcome|code|mode|verdict)$/.test(label!) && !value!.includes('$'))
        .flatMap(([label, value]) => value!.split('|').map((one) => ({ place, of: `${metric} ${label}`, one }))),
    )
    // The reasons of verdicts have a test of their own.
    const checked = asked.filter(({ of }) => of !== 'davy_deployment_reason code')
    expect(checked.length).toBeGreaterThan(30)
    expect(checked.filter(({ of, one }) => !sayable[of]?.includes(one))).toEqual([])
    for (const [file, words] of Object.values(said)) for (const word of words) expect(readText(file)).toContain(word)
  })

  it('ask for bounds that the histogram has', () => {
    const asked = selectors.flatMap(({ metric, matchers }) =>
      matchers.filter(([label]) => label === 'le').map(([, value]) => ({ metric, bound: Number.parseFloat(value!) })),
    )
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter(({ metric, bound }) => !instrumentOf(metric)!.upperBounds!.includes(bound))).toEqual([])
  })

  it('are grouped by labels that one of their metrics has', () => {
    const wrong = expressions.flatMap(({ place, expr }) => {
      const metrics = [...expr.matchAll(/\b((?:davy|http_server|nodejs|process)[a-z0-9_:]+|up)\b/g)].map(
        ([name]) => name,
      )
      const known = new Set(metrics.flatMap(labelsOf))
      const grouped = [...expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(', '))
      return grouped.filter((label) => label !== '' && !known.has(label)).map((label) => `${place}: ${label}`)
    })
    expect(wrong).toEqual([])
  })
})
