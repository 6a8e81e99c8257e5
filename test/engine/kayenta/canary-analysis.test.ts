import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { planOf, windowOf } from '../../../src/engine/kayenta/canary-analysis.ts'
import { FakeSource, fakeConfig, type KayentaLab, openKayentaLab, settled } from './kayenta-lab.ts'

const minuteMs = 60_000
const iso = (at: number) => new Date(at).toISOString()

/** A machine that is busy is slow. */
const patience = { timeout: 20_000 }

let lab: KayentaLab
beforeAll(async () => {
  lab = await openKayentaLab()
})
afterAll(() => lab.close())
beforeEach(() => {
  lab.source = new FakeSource()
})

const thresholds = { pass: 95, marginal: 75 }
const scope = (experimentScope: string, more: object = {}) => {
  return { scopeName: 'default', controlScope: 'good', experimentScope, step: 60, ...more }
}
const past = (experiment: string, more: object = {}) => ({
  canaryConfig: fakeConfig('any'),
  executionRequest: {
    scopes: [scope(experiment, { startTimeIso: iso(lab.now - 180 * minuteMs), endTimeIso: iso(lab.now) })],
    ...{ thresholds, analysisIntervalMins: 60, ...more },
  },
})

describe('windows', () => {
  const at = Date.parse('2026-11-21T10:00:00Z')
  const plan = (request: object, of: object) =>
    planOf({
      request: { scopes: [{ controlScope: 'a', experimentScope: 'b', ...of }], ...request },
      buildTimeMillis: at,
    })
  const minutes = ({ start, end }: { start: number; end: number }) => [(start - at) / minuteMs, (end - at) / minuteMs]

  test.each([
    ['grow from the start', {}, [0, 30], [0, 90]],
    ['slide when they look back', { lookbackMins: 20 }, [10, 30], [70, 90]],
    ['of the present begin after the warm-up', { beginAfterMins: 5 }, [5, 35], [5, 95]],
  ])('%s', (_name, more, first, third) => {
    const all = plan({ lifetimeDurationMins: 100, analysisIntervalMins: 30, ...more }, {})
    expect(all).toMatchObject({ judgements: 3, isRealTime: true })
    expect([minutes(windowOf(all, 1)), minutes(windowOf(all, 3))]).toEqual([first, third])
  })

  test('of the past know no warm-up', () => {
    const all = plan(
      { beginAfterMins: 5 },
      { startTimeIso: '2026-11-21T08:00:00Z', endTimeIso: '2026-11-21T09:00:00Z' },
    )
    expect(all).toMatchObject({ judgements: 1, isRealTime: false })
    expect(minutes(windowOf(all, 1))).toEqual([-120, -60])
  })

  test.each([
    ['neither an end nor a lifetime', {}, {}],
    ['no time at all', { lifetimeDurationMins: 0 }, {}],
    ['an end before the start', {}, { startTimeIso: '2026-11-21T09:00:00Z', endTimeIso: '2026-11-21T08:00:00Z' }],
    ['a judgement a minute for a day', { lifetimeDurationMins: 1440, analysisIntervalMins: 1 }, {}],
  ])('%s is refused', (_name, request, of) => {
    expect(() => plan(request, of)).toThrow(expect.objectContaining({ code: 'VALIDATION' }))
  })
})

describe('an analysis of the past', () => {
  test('judges one growing window after the other and passes by the last', async () => {
    const kayenta = lab.start()
    const id = await kayenta.analyseAdHoc(past('good2'), { application: 'shop', user: 'ada' })
    expect(await kayenta.analysisStatus(id)).toMatchObject({ complete: false, executionStatus: 'RUNNING', user: 'ada' })
    const status = await settled(kayenta, () => kayenta.analysisStatus(id))
    expect(status).toMatchObject({
      ...{ application: 'shop', executionStatus: 'SUCCEEDED', status: 'succeeded' },
      canaryAnalysisExecutionResult: {
        didPassThresholds: true,
        hasWarnings: false,
        canaryScores: [100, 100, 100],
        canaryScoreMessage: 'Final canary score 100.0 met or exceeded the pass score threshold.',
        canaryExecutionResults: [60, 120, 180].map((minutes) => ({
          ...{ executionStatus: 'SUCCEEDED', warnings: [], judgementStartTimeIso: iso(lab.now - 180 * minuteMs) },
          judgementEndTimeMillis: lab.now + (minutes - 180) * minuteMs,
          result: { judgeResult: { score: { score: 100 } } },
        })),
      },
    })
    expect(
      (status.stageStatus as { type: string; status: string }[]).map(({ type, status: of }) => [type, of]),
    ).toEqual([
      ['setupAndExecuteCanariesStage', 'SUCCEEDED'],
      ...[1, 2, 3].map(() => ['runCanary', 'SUCCEEDED']),
      ['generateCanaryAnalysisResultStage', 'SUCCEEDED'],
    ])
    const { stageStatus } = status as { stageStatus: { executionId?: string }[] }
    expect(await kayenta.status(stageStatus[1]?.executionId ?? '')).toMatchObject({ status: 'succeeded' })
  })

  test('ends with the first judgement that is not above the marginal threshold', async () => {
    const kayenta = lab.start()
    const id = await kayenta.analyseAdHoc(past('bad'), {})
    const status = await settled(kayenta, () => kayenta.analysisStatus(id))
    expect(status).toMatchObject({
      executionStatus: 'TERMINAL',
      canaryAnalysisExecutionResult: {
        ...{ didPassThresholds: false, canaryScores: [0] },
        canaryScoreMessage: 'Final canary score 0.0 is not above the marginal score threshold.',
      },
    })
    expect(status.exception).toBeUndefined()
  })

  test('warns of baselines with few points', async () => {
    const kayenta = lab.start()
    const id = await kayenta.analyseAdHoc(past('good2', { lookbackMins: 30 }), {})
    const status = await settled(kayenta, () => kayenta.analysisStatus(id))
    expect(status).toMatchObject({ canaryAnalysisExecutionResult: { hasWarnings: true } })
  })

  test('a judgement that breaks makes it terminal with an exception, whatever was scored before', async () => {
    const kayenta = lab.start()
    lab.source.fetch = ((fetch) => async (query, signal) => {
      if (query.scope.end >= lab.now) lab.source.failures = ['VALIDATION']
      return fetch(query, signal)
    })(lab.source.fetch.bind(lab.source))
    const id = await kayenta.analyseAdHoc(past('good2'), {})
    const status = await settled(kayenta, () => kayenta.analysisStatus(id))
    expect(status).toMatchObject({
      ...{ executionStatus: 'TERMINAL', exception: { exceptionType: 'VALIDATION' } },
      canaryAnalysisExecutionResult: { didPassThresholds: false, canaryScores: [100, 100] },
    })
  })

  test('goes on in another process where the first one ended', async () => {
    const first = lab.start()
    const id = await first.analyseAdHoc(past('good2'), {})
    await first.tick()
    await first.stop()
    const second = lab.start()
    const status = await settled(second, () => second.analysisStatus(id))
    expect(status).toMatchObject({ canaryAnalysisExecutionResult: { canaryScores: [100, 100, 100] } })
  })
})

describe('an analysis of the present', () => {
  const present = (more: object = {}) => ({
    canaryConfig: fakeConfig('any'),
    executionRequest: {
      scopes: [scope('good2')],
      ...{ thresholds, lifetimeDurationMins: 120, analysisIntervalMins: 60, beginAfterMins: 10, ...more },
    },
  })

  test('waits for its warm-up and for each interval', async () => {
    const kayenta = lab.start()
    const id = await kayenta.analyseAdHoc(present(), {})
    const stages = async () => {
      await kayenta.tick()
      const { stageStatus } = (await kayenta.analysisStatus(id)) as { stageStatus: { name: string; status: string }[] }
      return stageStatus.slice(1, 4).map(({ name, status }) => `${name}: ${status}`)
    }
    expect(await stages()).toEqual(['Warmup Wait: RUNNING', 'Interval Wait #1: RUNNING', 'Run Canary #1: NOT_STARTED'])
    lab.now += 70 * minuteMs - 1
    expect((await stages())[2]).toBe('Run Canary #1: NOT_STARTED')
    lab.now += 1
    await expect
      .poll(stages, patience)
      .toEqual(['Warmup Wait: SUCCEEDED', 'Interval Wait #1: SUCCEEDED', 'Run Canary #1: SUCCEEDED'])
    expect(await kayenta.analysisStatus(id)).toMatchObject({ complete: false })
    lab.now += 60 * minuteMs
    expect(await settled(kayenta, () => kayenta.analysisStatus(id))).toMatchObject({ executionStatus: 'SUCCEEDED' })
  })

  test('is canceled with the judgement that runs', async () => {
    const kayenta = lab.start()
    const id = await kayenta.analyseAdHoc(present(), {})
    lab.now += 70 * minuteMs
    lab.source.failures = ['hang']
    await kayenta.tick()
    await expect.poll(() => lab.source.asked.length, patience).toBe(1)
    await kayenta.cancel(id)
    expect(await kayenta.analysisStatus(id)).toMatchObject({
      ...{ complete: true, executionStatus: 'CANCELED' },
      canaryAnalysisExecutionResult: { didPassThresholds: false, canaryScores: [] },
    })
  })
})
