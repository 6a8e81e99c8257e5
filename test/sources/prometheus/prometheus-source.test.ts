import { describe, expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import { createPrometheusSource } from '../../../src/sources/prometheus/prometheus-source.ts'
import type { Series } from '../../../src/sources/read-series.ts'
import { queried, questionOf, startedAt } from '../question.ts'

type Sample = readonly [at: number, value: number]
type Stored = { readonly labels: Readonly<Record<string, string>>; readonly samples: readonly Sample[] }

const seconds = (at: number): number => startedAt + at * 1000

/** A Prometheus that has these samples of everything, and answers range selectors as one does. */
function holding(stored: readonly Stored[]) {
  const asked: { readonly query: string; readonly at: number }[] = []
  const client = {
    async instant(query: string, at: number): Promise<readonly Series[]> {
      asked.push({ query, at })
      const ms = Number(/\[(\d+)ms\]$/.exec(query)![1])
      const isOfArm = ({ labels }: Stored) =>
        query.includes(`v="${labels.v}"`) && (labels.bad !== '0' || !query.includes('bad'))
      return stored.filter(isOfArm).flatMap(({ labels, samples }) => {
        const within = samples.filter(([time]) => time > at - ms && time <= at)
        return within.length === 0 ? [] : [{ labels, samples: within, histograms: [] }]
      })
    },
    range: () => Promise.reject(new Error('nobody asks for a range')),
  }
  return { asked, source: createPrometheusSource(new Map([['default', client]])) }
}

const query = { errors: `e{v="\${version}",bad="1"}`, total: `e{v="\${version}"}` }
const ask = (stored: readonly Stored[], more: object = {}, change: Partial<SourceQuestion> = {}) => {
  const { source, asked } = holding(stored)
  const question = { ...questionOf(queried('prometheus', 'proportion', { ...query, ...more })), ...change }
  return source.ask(question, AbortSignal.timeout(5000)).then((answers) => ({ answers, asked }))
}
const requestsOf = ({ answers }: Awaited<ReturnType<typeof ask>>) => answers.map(({ canary }) => canary.requests)

/** Scrapes every 15 s from a minute before the start on, of one request a second. */
const scraped = (until: number): Stored => ({
  labels: { v: '2', bad: '0', job: 'shop', instance: 'a', pod: 'a' },
  samples: Array.from({ length: Math.floor((until + 60) / 15) + 1 }, (_, i) => [seconds(15 * i - 60), 15 * i] as const),
})

describe('what a counter grew by', () => {
  test('counts in the window of the sample that tells it, however windows and scrapes lie', async () => {
    const told = await ask([scraped(60)])
    expect(requestsOf(told)).toEqual([15, 15])
    expect(told.asked.map(({ at }) => at)).toEqual(Array(4).fill(seconds(20) - 1))
  })

  test('is the same however the time is cut: nothing lost, nothing twice', async () => {
    const all = { from: seconds(0), to: seconds(3000) }
    const cut = Array.from({ length: 300 }, (_, i) => ({ from: seconds(10 * i), to: seconds(10 * i + 10) }))
    const [whole, parts] = [
      await ask([scraped(3000)], {}, { windows: [all] }),
      await ask([scraped(3000)], {}, { windows: cut }),
    ]
    expect(requestsOf(whole)).toEqual([3000])
    expect(requestsOf(parts).reduce((sum, each) => sum + each, 0)).toBe(3000)
    let alone = 0
    for (const window of cut.slice(0, 30))
      alone += requestsOf(await ask([scraped(3000)], {}, { windows: [window] }))[0]!
    expect(alone).toBe(300)
  })

  test('of a first error beside known traffic counts from zero, and errors never exceed requests', async () => {
    const first: Stored = {
      labels: { v: '2', bad: '1', job: 'shop', instance: 'a', pod: 'a' },
      samples: [[seconds(15), 4]],
    }
    const { answers } = await ask([scraped(60), first])
    expect(answers.map(({ canary }) => canary.errors)).toEqual([0, 4])
    expect(answers[1]!.canary.requests).toBe(19)
    expect(answers[0]!.baseline.requests).toBe(0)
  })

  test('of a source that is late is told so much later, and never of before the start', async () => {
    const windows = [20, 30, 40, 50].map((at) => ({ from: seconds(at), to: seconds(at + 10) }))
    expect(requestsOf(await ask([scraped(60)], { delaySeconds: 30 }, { windows }))).toEqual([0, 15, 15, 0])
  })

  test('of sums is what each sample says', async () => {
    const sums: Stored = {
      labels: { v: '2', bad: '0' },
      samples: [
        [seconds(-55), 9],
        [seconds(5), 60],
      ],
    }
    expect(requestsOf(await ask([sums], { temporality: 'sums', podLabel: 'none' }))).toEqual([60, 0])
  })
})

test('arms that count one series are not told apart, which is a fault and no evidence', async () => {
  const wide = (name: string) => ({ baseline: `${name}{v="2"}`, canary: `${name}{v="\${version}"}` })
  await expect(ask([scraped(60)], { total: wide('e'), errors: wide('e') })).rejects.toMatchObject({
    code: 'SOURCE_DOWN',
    message: expect.stringContaining('both arms count one series'),
  })
})

test('a query about pods is not asked while nobody named any, and says so', async () => {
  const pods = { errors: `e{v=~"\${pod}",bad="1"}`, total: `e{v=~"\${pod}"}` }
  await expect(ask([], pods)).rejects.toMatchObject({
    code: 'SOURCE_DOWN',
    message: expect.stringContaining('pod} has no value'),
  })
  const { answers } = await ask([], pods, { pods: { baseline: ['1-a'], canary: [] } })
  expect(answers.map(({ canary }) => canary.requests)).toEqual([0, 0])
})
