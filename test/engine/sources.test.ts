import { describe, expect, test } from 'vitest'
import { emptyArm } from '../../src/domain/evidence.ts'
import type { MetricSource, SourceQuestion } from '../../src/domain/metric-source.ts'
import type { MetricSpec, QuerySource } from '../../src/domain/template.ts'
import { askOwn } from '../../src/engine/own-evidence.ts'
import { Sources } from '../../src/engine/sources.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { queried, questionOf, startedAt } from '../sources/question.ts'
import { metrics, quick } from './lab.ts'
import { aDeployment } from './samples.ts'

const log = createLogger('error', { write: () => {} })

/** A source that answers nothing happened, `after` milliseconds later; never when absent. */
function answering(after?: number) {
  const asked: SourceQuestion[] = []
  const source: MetricSource = {
    kinds: ['proportion'],
    check: () => null,
    async ask(question) {
      asked.push(question)
      await new Promise((resolve) => after !== undefined && setTimeout(resolve, after))
      return question.windows.map(() => ({ baseline: emptyArm, canary: emptyArm }))
    },
  }
  return { asked, source }
}

function sourcesOf(all: Partial<Record<QuerySource, MetricSource>>, limitMs: number) {
  return new Sources(new Map(Object.entries(all)) as never, { log, metrics, limitMs })
}

const asking = (source: QuerySource): MetricSpec => queried(source, 'proportion', {})

describe('sources', () => {
  test('that hang leave the others alone', async () => {
    const sources = sourcesOf({ prometheus: answering().source, http: answering(0).source }, 1000)
    const stop = new AbortController()
    const held = Array.from({ length: 40 }, () => sources.ask(questionOf(asking('prometheus')), stop.signal))
    const settled = Promise.allSettled(held)
    expect(await sources.ask(questionOf(asking('http')))).toHaveLength(2)
    stop.abort()
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('have more time for more time, so that what was missed for long is made up some day', async () => {
    const slow = answering(150)
    const sources = sourcesOf({ prometheus: slow.source }, 50)
    const question = questionOf(asking('prometheus'))
    await expect(sources.ask(question)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
    const windows = [{ from: startedAt, to: startedAt + 3_600_000 }]
    expect(await sources.ask({ ...question, windows })).toHaveLength(1)
  })

  test('show people the rows that each metric is made of, those of telemetry too', () => {
    const [errors] = quick.metrics as readonly [MetricSpec]
    const instruments = ['process.memory.usage', "it's"]
    const metricsOf = [
      errors,
      { ...errors, name: 'counted', source: 'metrics' },
      { ...errors, name: 'memory', kind: 'gauge', source: 'metrics', instruments },
      { ...errors, name: 'answers', kind: 'paired' },
      { ...errors, name: 'alerts', kind: 'count', source: 'alerts' },
      { ...errors, name: 'untold', source: 'http' },
    ] as const
    const show = () => ['facts']
    const sources = sourcesOf({ alerts: { ...answering().source, show }, http: answering().source }, 1000)
    const deployment = aDeployment({ template: { ...quick, metrics: metricsOf } })
    const { service, startedAt: start } = deployment
    const since = `Service = '${service}' AND T >= '${start.slice(0, 19).replace('T', ' ')}'`
    expect(sources.show(deployment)).toEqual({
      [errors.name]: [`rollup_traces_10s: ${since} AND SpanKind IN ('Server', 'Consumer')`],
      counted: [
        `rollup_durations_10s: ${since} AND MetricName IN ('http.server.request.duration', 'http.server.duration', 'rpc.server.duration')`,
      ],
      memory: [`rollup_metrics_10s: ${since} AND MetricName IN ('process.memory.usage', 'it\\'s')`],
      answers: [`otel_traces: ServiceName = '${service}' AND SpanKind IN ('Server', 'Consumer')`],
      alerts: ['facts'],
    })
  })

  test('are not asked by those who have given up', async () => {
    const { asked, source } = answering(0)
    const sources = sourcesOf({ prometheus: source }, 1000)
    await expect(sources.ask(questionOf(asking('prometheus')), AbortSignal.abort())).rejects.toThrow()
    expect(asked).toEqual([])
  })
})

describe('what a source missed', () => {
  const windowFrom = startedAt + 600_000
  const windows = [{ from: windowFrom, to: windowFrom + 10_000 }]
  const template = { ...quick, warmUpSeconds: 300, metrics: [asking('prometheus')] }
  const deployment = aDeployment({ template, startedAt: new Date(startedAt).toISOString() })

  test.each([
    { name: 'all of it without the warm-up', end: null, from: startedAt + 300_000 },
    { name: 'from where it last told', end: startedAt + 400_000, from: startedAt + 400_000 },
    { name: 'nothing when it has told all', end: windowFrom, from: windowFrom },
  ])('is asked with the next look: $name', async ({ end, from }) => {
    const { source, asked } = answering(0)
    const options = { pods: undefined, endOf: () => end }
    const [own] = await askOwn(sourcesOf({ prometheus: source }, 1000), deployment, windows, options)
    expect(asked[0]!.windows).toEqual([{ from, to: windowFrom + 10_000 }])
    expect(own!.asked).toMatchObject({ from })
  })
})
