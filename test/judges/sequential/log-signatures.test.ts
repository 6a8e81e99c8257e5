import { describe, expect, test } from 'vitest'
import type { Signature, Slice } from '../../../src/domain/evidence.ts'
import type { MetricSpec } from '../../../src/domain/template.ts'
import { random } from '../../stats/random.ts'
import { churned } from '../log-churn.ts'
import { type LoggedService, loggedSlices } from '../logged-slices.ts'
import { madeArm, madeSlices, podNames, templateWith } from '../made-slices.ts'
import { isEverShown } from '../metric-alone.ts'
import { concludeAll, trialContext } from '../rollout.ts'

const logged: MetricSpec = {
  ...{ name: 'log-signatures', kind: 'signatures', source: 'spans', direction: 'increase', weight: 1, group: 'logs' },
  ...{ margin: 1.5, promoteMargin: 2, critical: false },
}

type Logs = Readonly<
  Record<
    string,
    { readonly known?: boolean; readonly severity?: number; readonly pods: Readonly<Record<string, number>> }
  >
>

/** Each arm of two pods has 1,000 requests a minute; what is logged in a minute is as told. */
function slicesOf(
  minutes: number,
  canary: (minute: number) => Logs,
  baseline: (minute: number) => Logs = () => ({}),
): Slice[] {
  const arm = (name: string, logs: Logs) => ({
    ...madeArm({ requests: 1000, errors: 0 }, podNames(name, 2)),
    signatures: Object.fromEntries(
      Object.entries(logs).map(([text, { known = false, severity = 17, pods }]): [string, Signature] => [
        text,
        { text, severity, isKnown: known, pods },
      ]),
    ),
  })
  return madeSlices(minutes, (minute) => ({ canary: arm('c', canary(minute)), baseline: arm('b', baseline(minute)) }))
}

function judge(slices: readonly Slice[], spec = logged) {
  return concludeAll(slices, trialContext({ template: templateWith([spec]) }))
}

const both = { 'c-0': 5, 'c-1': 5 }

describe('a signature that only the canary logs', () => {
  test('is harm once it recurs, and the verdict says what it is', () => {
    const verdicts = judge(slicesOf(6, () => ({ 'TypeError at pay.charge': { pods: both } })))
    expect(verdicts[0]!.metrics[0]!.finding).toBe('undecided')
    const last = verdicts.at(-1)!
    expect(last.decision).toBe('rollback')
    expect(last.reason.summary).toBe(
      'checkout 2.4.1 logs “TypeError at pay.charge” in 1.0% of requests against 0% for 2.4.0.',
    )
    expect(last.metrics[0]!.where[0]).toMatchObject({
      attribute: 'log.template',
      value: 'TypeError at pay.charge',
      ratio: null,
    })
  })

  test('is no evidence after one block, however often it came', () => {
    const [judgement] = judge(
      slicesOf(6, (minute): Logs => (minute === 2 ? { boom: { pods: { 'c-0': 400, 'c-1': 400 } } } : {})),
    ).at(-1)!.metrics
    expect(judgement!.eValue).toBeLessThanOrEqual(1)
  })

  test('is no evidence from one of two pods', () => {
    const [judgement] = judge(slicesOf(9, () => ({ boom: { pods: { 'c-1': 50 } } }))).at(-1)!.metrics
    expect(judgement!.eValue).toBeLessThanOrEqual(1)
    expect(judgement!.finding).toBe('undecided')
  })

  test('is no harm where it is only another wording of what has vanished', () => {
    const reworded = slicesOf(
      9,
      () => ({ 'card was refused': { pods: both } }),
      () => ({ 'card refused': { known: true, pods: { 'b-0': 5, 'b-1': 5 } } }),
    )
    expect(judge(reworded).at(-1)!.metrics[0]!.eValue).toBeLessThanOrEqual(1)
    const worse = slicesOf(
      9,
      () => ({ 'card was refused': { pods: { 'c-0': 15, 'c-1': 15 } } }),
      () => ({ 'card refused': { known: true, pods: { 'b-0': 5, 'b-1': 5 } } }),
    )
    expect(judge(worse).at(-1)!.decision).toBe('rollback')
  })
})

test('a known signature is harm when the canary logs it more often by request', () => {
  const known = (c: number, b: number) =>
    judge(
      slicesOf(
        15,
        () => ({ slow: { known: true, severity: 13, pods: { 'c-0': c, 'c-1': c } } }),
        () => ({ slow: { known: true, severity: 13, pods: { 'b-0': b, 'b-1': b } } }),
      ),
    ).at(-1)!
  expect(known(5, 5).metrics[0]).toMatchObject({ finding: 'undecided' })
  expect(known(80, 5).metrics[0]!.finding).toBe('harm-shown')
  expect(known(5, 80).metrics[0]!.finding).toBe('harm-ruled-out')
})

test('arms that nobody asked about are no data, and silent ones are', () => {
  const unasked = madeSlices(3, () => ({
    canary: madeArm({ requests: 9, errors: 0 }, ['c']),
    baseline: madeArm({ requests: 9, errors: 0 }, ['b']),
  }))
  expect(judge(unasked).at(-1)!.metrics[0]!.finding).toBe('no-data')
  expect(judge(slicesOf(3, () => ({}))).at(-1)!.metrics[0]).toMatchObject({
    finding: 'undecided',
    canary: { value: 0 },
  })
})

const service: LoggedService = {
  ...{ minutes: 10, canaryPods: 1, baselinePods: 4, canaryRps: 10, baselineRps: 20 },
  ...{ known: [0.01, 0.001, 0.0001], newAnHour: 20, tauPod: 0.2, bursts: 0.05 },
}

test('harmless releases with new signatures, bursts and pods that are not alike are left alone', () => {
  const runs = 15
  const shown = Array.from({ length: runs }, (_, run) =>
    isEverShown(logged, loggedSlices(service, random(run))),
  ).filter(Boolean)
  expect(shown.length).toBeLessThanOrEqual(1)
})

test('an exception in one of a hundred requests is found within minutes', () => {
  const runs = 6
  const harmful = { ...service, minutes: 6, harm: 0.01 }
  const shown = Array.from({ length: runs }, (_, run) =>
    isEverShown(logged, loggedSlices(harmful, random(run))),
  ).filter(Boolean)
  expect(shown.length).toBe(runs)
})

/** The reason why the default template does not judge logs: see decision 0015. */
test('a release that explains its known failures in one more line is taken for a harmful one', () => {
  const shown = [0, 1, 2].filter((run) =>
    isEverShown(logged, churned(loggedSlices({ ...service, canaryPods: 2 }, random(run)), 'one line more')),
  )
  expect(shown).toEqual([0, 1, 2])
})

test('a release that only rewords what it logs is mostly left alone', () => {
  const shown = [0, 1, 2, 3, 4, 5].filter((run) =>
    isEverShown(logged, churned(loggedSlices({ ...service, canaryPods: 2 }, random(run)), 'reworded')),
  )
  expect(shown.length).toBeLessThanOrEqual(3)
})
