import { describe, expect, test } from 'vitest'
import { DavyError } from '../../src/domain/errors.ts'
import { seriesJudges } from '../../src/judges/index.ts'
import { TemplateMiner } from '../../src/judges/log-templates/template-miner.ts'
import { judgeRollout } from '../../src/judges/rollout/judge-rollout.ts'
import { defaultRolloutPolicy } from '../../src/judges/rollout/rollout-policy.ts'
import { judgeSeries, type SeriesJudge, type SeriesJudgement } from '../../src/judges/series-judge.ts'
import { checkJson } from '../../src/platform/check-json.ts'
import { changeMinute, edge, history, rollout, type Shop } from './rollout/shop.ts'
import { seriesInputs } from './series-inputs.ts'

type Name = keyof typeof seriesJudges
const names = Object.keys(seriesJudges) as Name[]
const judgeOf = (name: Name): SeriesJudge<never, SeriesJudgement> => seriesJudges[name]
/** What was sent as JSON, checked and judged as a server does. */
function judge(name: Name, sent: unknown): SeriesJudgement {
  const input = JSON.parse(JSON.stringify(sent))
  checkJson(judgeOf(name).input, input, 'the body')
  return judgeSeries(judgeOf(name), input as never)
}

function faultOf(name: Name, sent: unknown): Pick<DavyError, 'code' | 'where' | 'expected' | 'got'> {
  try {
    judge(name, sent)
  } catch (error) {
    if (error instanceof DavyError) return error
    throw error
  }
  throw new Error(`${name}: expected a fault, and it was judged`)
}

describe('every judge of series', () => {
  test('has a sample here', () => {
    expect(Object.keys(seriesInputs).sort()).toEqual([...names].sort())
  })

  test.each(names)('%s says why, in a code and a sentence, and its numbers survive as JSON', (name) => {
    const { input, code, ...rest } = seriesInputs[name]
    const judgement = judge(name, input)
    expect(judgement).toMatchObject({ reason: { code, summary: expect.stringMatching(/^[A-Z\d\w].*\.$/) }, ...rest })
    expect(JSON.parse(JSON.stringify(judgement))).toEqual(judgement)
    const table = judgeOf(name).table(judgement as never)
    expect(table.length).toBeGreaterThan(1)
    expect(new Set(table.map((row) => row.length)).size).toBe(1)
  })

  test.each(names)('%s refuses what is missing, unknown, or of another type, by its name', (name) => {
    const { input } = seriesInputs[name]
    const [first] = Object.keys(input)
    const { [first as keyof typeof input]: _left, ...without } = input
    expect(faultOf(name, without)).toMatchObject({ code: 'VALIDATION', got: 'nothing', where: `/${first}` })
    expect(faultOf(name, { ...input, extra: 1 })).toMatchObject({ code: 'VALIDATION', where: '/extra' })
    expect(faultOf(name, { ...input, [first!]: false })).toMatchObject({ code: 'VALIDATION', where: `/${first}` })
    expect(faultOf(name, [])).toMatchObject({ code: 'VALIDATION', expected: 'an object', where: 'body' })
  })
})

describe('what a schema cannot say', () => {
  const { rollout: one, rollouts, windows, replicates, change, 'root-cause': root } = seriesInputs
  const [pod] = one.input.pods
  const [series] = one.input.series
  const [span] = windows.input.canary.spans
  const twice = [root.input.nodes[0], root.input.nodes[0]]
  const shorter = { ...root.input.nodes[1], current: root.input.nodes[1].current.slice(1) }
  const faults: readonly (readonly [Name, object, string])[] = [
    ['rollout', { ...one.input, pods: [...one.input.pods, pod] }, `/pods/${one.input.pods.length}/name`],
    ['rollout', { ...one.input, series: [{ ...series, pod: 'stranger' }] }, '/series/0/pod'],
    ['rollout', { ...one.input, series: [{ ...series, metric: 'constructor' }] }, '/series/0/metric'],
    [
      'rollout',
      { ...one.input, series: [{ ...series, points: [...series!.points].reverse() }] },
      '/series/0/points/1/at',
    ],
    [
      'rollouts',
      {
        rollouts: [
          rollouts.input.rollouts[0],
          { ...one.input, history: undefined, policy: undefined, series: [{ ...series, pod: 'x' }] },
        ],
      },
      '/rollouts/1/series/0/pod',
    ],
    [
      'windows',
      { ...windows.input, canary: { ...windows.input.canary, spans: [{ ...span, parent: span!.id }] } },
      '/canary/spans/0/parent',
    ],
    ['replicates', { ...replicates.input, margin: 2 }, '/promoteMargin'],
    ['change', { ...change.input, changeAt: change.input.startAt - 1 }, '/changeAt'],
    ['change', { ...change.input, stepSeconds: 1e9 }, ''],
    ['root-cause', { ...root.input, nodes: twice }, '/nodes/1/node'],
    ['root-cause', { ...root.input, nodes: [root.input.nodes[0], shorter] }, '/nodes/1/current'],
    ['change-points', { dimensions: [[1, 2], [1]] }, '/dimensions/1'],
  ]

  test.each(faults)('%s names the place (%#)', (name, sent, where) => {
    expect(faultOf(name, sent)).toMatchObject({ code: 'UNPROCESSABLE', where })
  })

  test('nothing is decided on numbers that overflow', () => {
    const huge = one.input.series.map((each) => ({
      ...each,
      points: each.points.map(({ at }) => ({ at, value: 1e308 })),
    }))
    const gauges = huge.filter(({ kind }) => kind === 'gauge')
    const sent = { ...one.input, series: gauges, history: history.map((each) => ({ ...each, squares: 1e308 })) }
    expect(faultOf('rollout', sent)).toMatchObject({
      code: 'UNPROCESSABLE',
      expected: expect.stringContaining('finite'),
    })
    const nan = { judge: () => ({ reason: { code: 'X', summary: 'X.' }, deep: [{ value: Number.NaN }] }) }
    expect(() => judgeSeries(nan, {})).toThrow('/deep/0/value is no number')
  })
})

describe('a rollout as it is served', () => {
  const explained = (shop: Shop, policy = {}) => judge('rollout', { ...rollout(shop), history, policy })
  const canary = (pod: string) => pod.startsWith('v2')

  test.each<readonly [string, Shop, string]>([
    ['NO_HARM_SHOWN', {}, 'No harm of cart beyond the margins is shown in success, '],
    [
      'HARM_SHOWN',
      { success: ({ pod }) => (canary(pod) ? 0.3 : 0.9) },
      'The canary of cart does harm in success, 7.0× the baseline',
    ],
    ['HARM_SHOWN', { success: ({ pod }) => (canary(pod) ? 0.3 : 1) }, 'in success, where the baseline has none'],
    ['NO_CANARY_DATA', { canaries: 0 }, 'No canary pod of cart has reported a value.'],
    [
      'TOO_EARLY',
      { lastMinute: changeMinute + 10, mesh: [] },
      'ran beside its baseline for 9 min; 10 min are asked for.',
    ],
    [
      'UNDERPOWERED',
      { success: () => null, latency: () => null, cpu: () => 0 },
      'of the error budget of cart could be compared; 30',
    ],
    [
      'SHARED_OUTAGE',
      { mesh: [edge('front', 'cart', () => 1), edge('checkout', 'cart', (m) => (m > 23 ? 0.2 : 1))] },
      'checkout to cart fails for both versions since the canary came',
    ],
    ['CANARY_SILENT', { success: ({ pod }) => (canary(pod) ? null : 1) }, 'answered front in 0 of '],
  ])('%s has a sentence', (code, shop, sentence) => {
    expect(explained(shop).reason).toEqual({ code, summary: expect.stringContaining(sentence) })
  })

  test('says what the judge says, and teaches the next one', () => {
    const input = rollout({})
    const { reason, scatter, ...served } = judge('rollout', { ...input, history }) as never as Record<string, unknown>
    const { reason: code, ...alone } = judgeRollout(input, history, defaultRolloutPolicy)
    expect({ ...served, reason: (reason as { code: string }).code }).toEqual({ ...alone, reason: code })
    expect(judge('rollout', { ...input, history: scatter })).toMatchObject({ decision: 'promote' })
  })

  test('takes a policy in parts', () => {
    expect(explained({ success: ({ pod }) => (canary(pod) ? null : 1) }, { onSilence: 'rollback' }).decision).toBe(
      'rollback',
    )
    expect(explained({}, { minimumSoakSeconds: 1e6 }).reason.code).toBe('TOO_EARLY')
  })

  test('among others is ranked', () => {
    expect(judge('rollouts', seriesInputs.rollouts.input)).toMatchObject({
      ranking: [1, 0],
      rollouts: [{ decision: 'promote' }, { decision: 'rollback' }],
      reason: { summary: '1 of 2 to be rolled back: cart; the most suspect is cart.' },
    })
  })
})

describe('replicates as they are served', () => {
  const arm = (level: number) => [0, 1, 2].map((fork) => [level, level, level * (1 + 0.01 * fork), level])

  test.each<readonly [string, object, string]>([
    ['HARM_SHOWN', { baseline: arm(10), canary: arm(20), worse: 'up' }, 'more than 1.05× is shown.'],
    ['HARM_SHOWN', { baseline: arm(20), canary: arm(10), worse: 'down' }, 'The canary is 2.0× as bad ('],
    [
      'UNDERPOWERED',
      { baseline: arm(10), canary: arm(10.5), worse: 'up', promoteMargin: 1.05 },
      'nor 1.05× ruled out.',
    ],
    ['UNDERPOWERED', { baseline: [[1]], canary: [[9]], worse: 'up' }, 'does not tell what is luck.'],
  ])('%s has a sentence', (code, sent, sentence) => {
    expect(judge('replicates', sent).reason).toEqual({ code, summary: expect.stringContaining(sentence) })
  })
})

describe('log templates as they are served', () => {
  test('are those that a miner would keep, with their ids', () => {
    const { lines } = seriesInputs['log-templates'].input
    const miner = new TemplateMiner()
    for (const line of lines) miner.add(line)
    const { templates } = judge('log-templates', { lines }) as never as { templates: { id: string; isNew: null }[] }
    expect(templates.map(({ id }) => id).sort()).toEqual(
      miner
        .templates()
        .map(({ id }) => id)
        .sort(),
    )
    expect(templates.every(({ isNew }) => isNew === null)).toBe(true)
  })

  test('are new without a line in the baseline', () => {
    expect(judge('log-templates', seriesInputs['log-templates'].input)).toMatchObject({
      templates: [
        { lines: 2, isNew: false },
        { lines: 1, isNew: true },
      ],
      ids: [0, 0, 1],
    })
  })
})
