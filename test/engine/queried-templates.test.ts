import { describe, expect, test } from 'vitest'
import type { MetricSpec } from '../../src/domain/template.ts'
import { mainQuery } from '../../src/domain/template.ts'
import { evidenceSignals } from '../../src/engine/request-source.ts'
import { Sources } from '../../src/engine/sources.ts'
import { readTemplates } from '../../src/engine/template-files.ts'
import { parseTemplate } from '../../src/engine/template-schema.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { PrometheusClient } from '../../src/sources/prometheus/client.ts'
import { packs } from '../../src/sources/prometheus/packs/packs.ts'
import { createPrometheusSource } from '../../src/sources/prometheus/prometheus-source.ts'
import { metrics, quick } from './lab.ts'

const client = new PrometheusClient({ name: 'default', url: 'http://127.0.0.1:9', timeoutSeconds: 1, concurrency: 1 })
const source = createPrometheusSource(new Map([['default', client]]))
const log = createLogger('silent', { write: () => {} })
const { check } = new Sources(new Map([['prometheus', source]]), { log, metrics })
const [errors, latency] = quick.metrics as readonly [MetricSpec, MetricSpec]
const base = readTemplates(null).find(({ name }) => name === 'default')!

const query = { errors: `e{v="\${version}"}`, total: `t{v="\${version}"}` }
const asked = { ...errors, source: 'prometheus', query }
const parse = (...own: object[]) => parseTemplate({ ...quick, metrics: own }, 'body ', null, check)

describe('a queried metric', () => {
  test('stands beside requests of spans, which stay the main evidence', () => {
    const beside = parse({ ...errors, weight: 0.2 }, latency, { ...asked, name: 'declines', weight: 0.2 })
    expect(mainQuery(beside)).toBeNull()
    expect(evidenceSignals(beside, null)).toEqual(['traces'])
  })

  test('is the main evidence alone, and waits for no telemetry', () => {
    const alone = parse(asked)
    expect(mainQuery(alone)?.name).toBe(errors.name)
    expect(evidenceSignals(alone, null)).toEqual([])
  })

  test('of calls waits for spans, of which calls are made', () => {
    const calls = { ...errors, name: 'calls', source: 'calls', query: {} } as const
    expect(evidenceSignals({ ...quick, metrics: [{ ...asked, source: 'prometheus' }, calls] }, null)).toEqual([
      'traces',
    ])
  })

  test('needs no instruments, also when the template `default` has some for its kind', () => {
    const gauge = { name: 'queue', kind: 'gauge', source: 'prometheus', query: { level: `q{v="\${version}"}` } }
    const own = parseTemplate({ name: 'own', metrics: [gauge] }, 'body ', base, check)
    expect(own.metrics[0]).toMatchObject({ ...gauge, margin: 1.25 })
    expect(own.metrics[0]).not.toHaveProperty('instruments')
  })

  test.each<{ name: string; change: object; where: string }>([
    { name: 'a key that its source does not know', change: { query: { ...query, error: 'x' } }, where: '/query/error' },
    { name: 'a query that lacks one', change: { query: { errors: query.errors } }, where: '/query/total' },
    { name: 'a function', change: { query: { ...query, total: `rate(${query.total}[1m])` } }, where: '/query/total' },
    { name: 'arms that are the same', change: { query: { ...query, total: 't' } }, where: '/query/total' },
    {
      name: 'a fault in the query of one arm',
      change: { query: { ...query, total: { canary: 't', baseline: 't[1m]' } } },
      where: '/query/total/baseline',
    },
    { name: 'an unknown account', change: { query: { ...query, account: 'x' } }, where: '/query/account' },
    { name: 'instruments', change: { instruments: ['x'] }, where: '/instruments' },
    { name: 'a source that is not configured', change: { source: 'clickhouse' }, where: '/source' },
    { name: 'a query of spans', change: { source: 'spans' }, where: '/query' },
    // Edges that nobody says which, and what only one source can tell of.
    { name: 'edges of no reading', change: { kind: 'edges', source: 'calls', query: undefined }, where: '/reading' },
    { name: 'a reading of gauges', change: { kind: 'edges', source: 'calls', reading: 'level' }, where: '/reading' },
    { name: 'a reading of edges', change: { kind: 'gauge', reading: 'new' }, where: '/reading' },
    { name: 'edges of another source', change: { kind: 'edges', reading: 'new' }, where: '/source' },
    {
      name: 'signatures of spans',
      change: { kind: 'signatures', source: 'spans', query: undefined },
      where: '/source',
    },
  ])('is refused with $name', ({ change, where }) => {
    expect(() => parse({ ...asked, ...change })).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE', where: `body /metrics/0${where}` }),
    )
  })

  test('is refused without any source', () => {
    expect(() => parseTemplate({ ...quick, metrics: [asked] }, '', null)).toThrow(
      expect.objectContaining({ where: '/metrics/0/source' }),
    )
  })
})

describe('packs', () => {
  const withPacks = (names: readonly string[], more: object = {}) =>
    parseTemplate({ name: 'own', packs: names, ...more }, 'body ', base, check)
  const sum = (of: readonly MetricSpec[]) => of.reduce((total, { weight }) => total + weight, 0)

  test.each(packs.map(({ name }) => name))('%s makes a template that can be judged, within one budget', (name) => {
    const template = withPacks([name])
    expect(sum(template.metrics)).toBeLessThanOrEqual(1)
    expect(template.metrics.some(({ source: from }) => from === 'prometheus')).toBe(true)
    expect(template).not.toHaveProperty('packs')
  })

  test('that count requests stand instead of the metrics of `default`, others beside them', () => {
    expect(withPacks(['istio']).metrics.map(({ name }) => name)).toEqual(['error-rate', 'latency'])
    expect(mainQuery(withPacks(['istio']))?.name).toBe('error-rate')
    const names = withPacks(['kubernetes']).metrics.map(({ name }) => name)
    expect(names.slice(0, base.metrics.length)).toEqual(base.metrics.map(({ name }) => name))
    expect(mainQuery(withPacks(['kubernetes']))).toBeNull()
  })

  test('get what weight is left, all alike, and never change a metric that is there', () => {
    const own = { ...asked, name: 'k8s-memory', weight: 0.9 }
    const { metrics: all } = withPacks(['kubernetes'], { metrics: [own] })
    expect(all[0]).toMatchObject(own)
    expect(sum(all)).toBeCloseTo(1, 3)
    const [cpu, throttling] = ['k8s-cpu', 'k8s-throttling'].map((name) => all.find((one) => one.name === name)!.weight)
    expect(cpu! / throttling!).toBeCloseTo(2.5, 1)
  })

  test.each([
    { name: 'an unknown one', given: ['istoi'], more: {}, where: '/packs/0' },
    { name: 'two that count the same', given: ['istio', 'linkerd'], more: {}, where: '/packs/1' },
    { name: 'no weight left', given: ['istio'], more: { metrics: [{ ...latency, weight: 1 }] }, where: '/packs/0' },
  ])('are refused: $name', ({ given, more, where }) => {
    expect(() => withPacks(given, more)).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE', where: `body ${where}` }),
    )
  })
})
