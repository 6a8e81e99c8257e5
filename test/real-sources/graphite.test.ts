import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphiteSource } from '../../src/sources/graphite/graphite-source.ts'
import { type Graphite, startGraphite } from './graphite.ts'
import { asking, countsOf, hostileVersions, start } from './question-of-now.ts'
import { until } from './running.ts'

let graphite: Graphite
let source: ReturnType<typeof createGraphiteSource>
let ask: ReturnType<typeof asking>

const path = `stats.\${service}.\${version}.*`
const sums = { errors: `${path}.failed`, total: `${path}.requests`, pod: 3 }
const tagged = (name: string) => `seriesByTag('name=${name}', 'version=\${version}')`

beforeAll(async () => {
  graphite = await startGraphite()
  source = createGraphiteSource({ url: graphite.url, timeoutSeconds: 20, concurrency: 4 })
  ask = asking(source, 'graphite')
  await graphite.write(lines())
  await until(async () => (await ask('proportion', sums))[1]!.baseline.requests === 60)
  await until(
    async () =>
      (await ask('proportion', { errors: tagged('bad'), total: tagged('all'), pod: 'pod' }))[1]!.baseline.requests ===
      60,
  )
})
afterAll(async () => {
  await source?.close()
  await graphite?.running.stop()
})

/** Every ten seconds 30 requests of each pod, of which the canary fails 6; the first version has no series of errors. */
function lines(): readonly string[] {
  const seconds = Array.from({ length: 36 }, (_, index) => start / 1000 - 310 + index * 10)
  const of = (version: string, pod: string) =>
    [
      [`stats.shop.${version}.${pod}.requests`, 30],
      ...(version === '2' ? [[`stats.shop.${version}.${pod}.failed`, 6] as const] : []),
      ...[['bin_5', 0] as const, ['bin_50', 20] as const, ['bin_inf', 10] as const].map(
        ([bin, count]) => [`stats.timers.shop.${version}.${pod}.histogram.${bin}`, count] as const,
      ),
      [`stats.timers.shop.${version}.${pod}.upper_90`, version === '2' ? 40 : 20],
      [`all;version=${version};pod=${pod}`, 30],
      [`bad;version=${version};pod=${pod}`, version === '2' ? 6 : 0],
      [`coarse.shop.${version}.${pod}.requests`, 30],
    ] as const
  return seconds.flatMap((second, index) =>
    ['1', '2', '2_4_1'].flatMap((version) =>
      ['a', 'b'].flatMap((pod) => [
        ...of(version, pod).map(([name, value]) => `${name} ${value} ${second}`),
        `counters.shop.${version}.${pod}.requests ${1000 + index * 30} ${second}`,
      ]),
    ),
  )
}

describe('a real Graphite', () => {
  test('tells of requests and errors of sums, where no series of errors is no error', async () => {
    const [first] = await ask('proportion', sums)
    expect(first!.canary.pods).toEqual({ a: { requests: 30, errors: 6 }, b: { requests: 30, errors: 6 } })
    expect(countsOf(first!.baseline)).toEqual([60, 0])
  })

  test('tells of series by their tags', async () => {
    const [first] = await ask('proportion', { errors: tagged('bad'), total: tagged('all'), pod: 'pod' })
    expect(first!.canary.pods).toEqual({ a: { requests: 30, errors: 6 }, b: { requests: 30, errors: 6 } })
  })

  test('tells of counters', async () => {
    const total = `counters.\${service}.\${version}.*.requests`
    const [first, second] = await ask('proportion', { errors: `${path}.none`, total, pod: 3, read: 'cumulative' })
    expect([countsOf(first!.canary), countsOf(second!.canary)]).toEqual([
      [60, 0],
      [60, 0],
    ])
  })

  test('tells of durations in bins of StatsD', async () => {
    const durations = `stats.timers.\${service}.\${version}.*.histogram.bin_*`
    const [first] = await ask('distribution', { durations, pod: 4 })
    expect(first!.canary).toMatchObject({ requests: 60, pods: { a: { requests: 30 }, b: { requests: 30 } } })
    expect(first!.canary.latency).toEqual([
      [Math.round(Math.log2(50e6) * 32) - 1, 40],
      [32_767, 20],
    ])
    expect(first!.canary.atLeast!.latency[0]).toEqual([Math.round(Math.log2(5e6) * 32), 40])
  })

  test('tells of levels by any target, and of events', async () => {
    const level = `scale(stats.timers.\${service}.\${version}.*.upper_90, 0.001)`
    const [levels] = await ask('gauge', { level })
    expect(levels!.canary.gauges).toMatchObject({ asked: { '': { count: 2, sum: 0.08 } } })
    const [events] = await ask('count', { events: `${path}.failed`, running: `${path}.requests`, pod: 3 })
    expect([events!.canary.events, events!.baseline.events]).toEqual([
      { asked: { a: 6, b: 6 } },
      { asked: { a: 0, b: 0 } },
    ])
  })

  test('tells no traffic from no errors', async () => {
    const [nobody] = await ask('proportion', sums, { version: 'nobody' })
    expect(nobody!.canary).toMatchObject({ requests: 0, pods: {} })
  })

  test('whose points lie further apart is not believed', async () => {
    const coarse = { errors: `coarse.\${version}.none`, total: `coarse.\${service}.\${version}.*.requests` }
    await expect(ask('proportion', coarse)).rejects.toMatchObject({ message: expect.stringContaining('60 s apart') })
  })

  test('is asked for a version as its senders write it', async () => {
    const [first] = await ask('proportion', sums, { version: '2.4.1' })
    expect(first!.canary.requests).toBe(60)
  })

  test.each(hostileVersions)('is never asked for more than the version %j', async (version) => {
    for (const query of [sums, { errors: tagged('bad'), total: tagged('all'), pod: 'pod' }]) {
      const requests = await ask('proportion', query, { version }).then(
        ([first]) => first!.canary.requests,
        ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
      )
      if (typeof requests === 'string')
        expect(requests).toMatch(/^SOURCE_DOWN .*which no (?:node of a path|tag) can be/s)
      else expect(requests).toBe(0)
    }
  })
})
