import type { CalibrationMeasure, CalibrationRun, PlaceboRate } from '../../src/domain/calibration.ts'
import type { CheckState } from '../../src/domain/check.ts'
import type { Deployment } from '../../src/domain/deployment.ts'
import type { ArmSlice, Histogram, Slice } from '../../src/domain/evidence.ts'
import type { Explanation } from '../../src/domain/explanation.ts'
import type { Template } from '../../src/domain/template.ts'
import type { Decision, Effect, Judgement, QuantileJudgement, ReasonCode, Verdict } from '../../src/domain/verdict.ts'
import type { ReportDelivery, ReportInput, ReportLook } from '../../src/report/report-input.ts'

/** The situations that the pages must draw. */
export const variants = [
  'rollback',
  'latency-rollback',
  'hold',
  'promote',
  'no-data',
  'warming-up',
  'one-pod',
  'zero-baseline',
  'long-names',
  'thousand-looks',
  'overridden',
  'all-kinds',
  'shared-outage',
] as const

export type Variant = (typeof variants)[number]

const startedAt = Date.parse('2026-11-21T09:51:40Z')

const template: Template = {
  name: 'default',
  alpha: 0.01,
  alphaPromote: 0.05,
  lookSeconds: 30,
  blockSeconds: 60,
  watermarkSeconds: 20,
  warmUpSeconds: 120,
  minimum: { seconds: 300, requests: 500 },
  exposureMode: false,
  deadlineSeconds: 7200,
  onDeadline: 'hold',
  onSilence: 'hold',
  metrics: [
    {
      name: 'error-rate',
      kind: 'proportion',
      source: 'spans',
      direction: 'increase',
      weight: 0.6,
      group: 'errors',
      margin: 1.25,
      promoteMargin: 2,
      promoteFloor: 0.005,
      rollbackFloor: 0.001,
      critical: true,
    },
    {
      name: 'latency',
      kind: 'distribution',
      source: 'spans',
      direction: 'increase',
      weight: 0.35,
      group: 'latency',
      margin: 1.1,
      promoteMargin: 1.25,
      quantiles: [0.5, 0.95, 0.99],
      critical: true,
    },
  ],
}

function histogram(requests: number, medianSeconds: number): Histogram {
  const centre = 32 * Math.log2(medianSeconds * 1e9)
  const buckets: [number, number][] = []
  for (let offset = -64; offset <= 160; offset += 8) {
    const share = Math.exp(-0.5 * (offset / (offset < 0 ? 24 : 44)) ** 2)
    const count = Math.round((requests * share) / 9.5)
    if (count > 0) buckets.push([Math.round(centre + offset), count])
  }
  return buckets
}

/** Counts spread over routes and pods; the first route gets three quarters of the errors. */
function arm(requests: number, errors: number, pods: readonly string[], medianSeconds: number): ArmSlice {
  const pay = Math.round(errors * 0.75)
  const perPod = (total: number, index: number) =>
    Math.floor(total / pods.length) + (index < total % pods.length ? 1 : 0)
  return {
    requests,
    errors,
    operations: {
      'POST /pay': { requests: Math.round(requests * 0.2), errors: pay },
      'GET /cart': { requests: requests - Math.round(requests * 0.2), errors: errors - pay },
    },
    pods: Object.fromEntries(
      pods.map((pod, index) => [pod, { requests: perPod(requests, index), errors: perPod(errors, index) }]),
    ),
    latency: histogram(requests, medianSeconds),
  }
}

function podNames(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`)
}

function effect(ratio: number | null, low: number, high: number | null, margin = 1.25, promoteMargin = 2): Effect {
  return { ratio, low, high, level: 0.95, margin, promoteMargin }
}

const slowerBy = (ratio: number | null, low: number, high: number | null) => effect(ratio, low, high, 1.115, 1.251)

/** A metric that no promote waits for. */
function moreOf(
  kind: Judgement['kind'],
  name: string,
  values: readonly [baseline: number | null, canary: number | null],
  changes: Partial<Judgement> = {},
): Judgement {
  const [baseline, canary] = values
  return {
    ...{ name, kind, group: kind === 'paired' ? 'errors' : 'saturation', finding: 'undecided', critical: false },
    ...{ weight: 0.05, effect: effect(null, 0, null), eValue: 1, promoteEValue: 1, promoteProof: 'ratio' },
    ...{ smallestDetectable: null, where: [] },
    baseline: { value: baseline, samples: baseline === null ? 0 : 7128, pods: baseline === null ? 0 : 18 },
    canary: { value: canary, samples: canary === null ? 0 : 792, pods: canary === null ? 0 : 2 },
    ...changes,
  }
}

/** One metric of every further kind, in every state. */
const everyKind: readonly Judgement[] = [
  moreOf('count', 'restarts', [0, 22.5], {
    finding: 'harm-shown',
    weight: 0.1,
    effect: effect(null, 3.1, null, 1, 2),
    eValue: 91_200,
  }),
  moreOf('gauge', 'memory', [412e6, 1.31e9], {
    finding: 'harm-likely',
    effect: effect(3.18, 1.4, 7.2),
    eValue: 61,
    smallestDetectable: 1.9,
  }),
  moreOf('paired', 'shadow-errors', [0.001, 0.0062], {
    effect: effect(6.2, 0.8, 48, 1.05, 2),
    eValue: 3.1,
    smallestDetectable: 2.8,
  }),
  moreOf('gauge', 'cpu', [0.31, 0.32], {
    finding: 'harm-ruled-out',
    effect: effect(1.03, 0.71, 1.49),
    eValue: 0.2,
    promoteEValue: 55,
    smallestDetectable: 1.6,
  }),
  moreOf('gauge', 'heap', [88e6, 91e6]),
  moreOf('gauge', 'queue-depth', [null, null], { finding: 'no-data' }),
  moreOf('count', 'kills-for-memory', [null, null], { finding: 'no-data' }),
]

const unreported = ['cpu', 'memory', 'restarts'].map((name) =>
  moreOf(name === 'restarts' ? 'count' : 'gauge', name, [null, null], { finding: 'no-data' }),
)

/** How a rollout goes; everything that a variant does not say is as in a quiet one. */
type Story = {
  readonly looks: number
  readonly lookSeconds: number
  readonly canaryPods: number
  readonly baselinePods: number
  readonly canaryRequests: number
  readonly baselineRequests: number
  /** Failed requests at look k of n. */
  readonly canaryErrors: (k: number) => number
  readonly baselineErrors: (k: number) => number
  /** Canary's median in seconds; the baseline's is 0.08. */
  readonly canarySeconds: number
  readonly decision: Decision
  readonly code: ReasonCode
  readonly summary: string
  readonly detail: string
  readonly final: boolean
  /** Evidence at look k, total and per metric. */
  readonly eValue: (k: number) => number
  readonly promoteEValue: (k: number, looks: number) => number
  readonly errors: Partial<Judgement>
  readonly latency: Partial<Judgement>
  readonly quantiles: readonly QuantileJudgement[]
  /** Metrics besides errors and latency. */
  readonly more: readonly Judgement[]
  readonly expectedDecisionAt: string | null
  readonly service: string
  readonly versions: readonly [string, string]
}

function quantile(q: number, baseline: number, ratio: number, spread: number, eValue: number): QuantileJudgement {
  const judged = slowerBy(ratio, ratio / spread, ratio * spread)
  return { quantile: q, baseline, canary: baseline * ratio, effect: judged, eValue, promoteEValue: 1 / eValue }
}

const quiet: Story = {
  looks: 8,
  lookSeconds: 30,
  canaryPods: 2,
  baselinePods: 18,
  canaryRequests: 372,
  baselineRequests: 7080,
  canaryErrors: (k) => [1, 2, 2, 3][k % 4]!,
  baselineErrors: (k) => 33 + ((k * 7) % 5),
  canarySeconds: 0.081,
  decision: 'hold',
  code: 'UNDERPOWERED',
  summary: 'No harm seen in checkout 2.4.1, but too few requests to rule it out.',
  detail: 'Errors are 1.08 times those of 2.4.0 (0.39 to 3.6). The deadline is 11:51.',
  final: false,
  eValue: (k) => 0.995 ** k * (k % 3 === 0 ? 0.7 : 0.6),
  promoteEValue: (k, looks) => 2.6 ** ((k + 1) / looks),
  errors: {
    finding: 'undecided',
    effect: effect(1.08, 0.39, 3.6),
    eValue: 0.9,
    promoteEValue: 2.6,
    smallestDetectable: 4.9,
  },
  latency: {
    finding: 'harm-ruled-out',
    effect: slowerBy(1.02, 0.97, 1.12),
    eValue: 0.1,
    promoteEValue: 44,
    smallestDetectable: 1.4,
  },
  quantiles: [
    quantile(0.5, 0.082, 1.02, 1.04, 0.05),
    quantile(0.95, 0.31, 1, 1.08, 0.09),
    quantile(0.99, 0.64, 1.03, 1.1, 0.02),
  ],
  more: [],
  expectedDecisionAt: '2026-11-21T10:42:00Z',
  service: 'checkout',
  versions: ['2.4.0', '2.4.1'],
}

const rollback: Partial<Story> = {
  looks: 17,
  canaryErrors: (k) => [2, 1, 2, 2, 3, 3, 5, 7, 9, 12, 14, 17, 19, 22, 24, 26, 28][k] ?? 28,
  decision: 'rollback',
  code: 'HARM_SHOWN',
  summary: 'checkout 2.4.1 fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay.',
  detail: 'That is 6.2 times as many failures (4.9 to 7.8); your margin is 1.25 times.',
  final: true,
  eValue: (k) =>
    [0.8, 0.7, 0.7, 0.6, 0.6, 0.7, 0.9, 1.1, 1.6, 2.5, 4.3, 8.4, 15.1, 25.5, 45.3, 88, 5120.4][k] ?? 5120.4,
  promoteEValue: () => 0.2,
  errors: {
    finding: 'harm-shown',
    effect: effect(6.2, 4.9, 7.8),
    eValue: 8509.7,
    promoteEValue: 0.001,
    smallestDetectable: 1.6,
  },
  latency: {
    finding: 'harm-likely',
    effect: slowerBy(1.84, 1.38, 2.46),
    eValue: 41.6,
    promoteEValue: 0.2,
    smallestDetectable: 1.5,
  },
  quantiles: [
    quantile(0.5, 0.082, 1.02, 1.04, 0.5),
    quantile(0.95, 0.31, 1.14, 1.07, 1.9),
    quantile(0.99, 0.64, 1.84, 1.33, 123),
  ],
  expectedDecisionAt: null,
  canarySeconds: 0.1,
}

const stories: Readonly<Record<Variant, Partial<Story>>> = {
  rollback,
  'latency-rollback': {
    ...rollback,
    looks: 6,
    canaryErrors: () => 2,
    summary: 'checkout 2.4.1 is slow: p99 1.18 s against 0.64 s for 2.4.0.',
    detail: 'That is 1.84 times as long (1.38 to 2.5); your margin is 1.12 times.',
    errors: { finding: 'undecided', effect: effect(1.1, 0.6, 2), eValue: 0.4, promoteEValue: 3, smallestDetectable: 3 },
    latency: { ...rollback.latency, finding: 'harm-shown', eValue: 900 },
    eValue: (k) => 2.8 ** k,
  },
  hold: { looks: 10 },
  promote: {
    looks: 24,
    decision: 'promote',
    code: 'HARM_RULED_OUT',
    summary: 'checkout 2.4.1 does no harm beyond your margins.',
    detail: 'Errors are at most 1.46 times those of 2.4.0 (you promote below 2), latency at most 1.12 times (1.25).',
    promoteEValue: (k, looks) => 22.4 ** ((k + 1) / looks),
    errors: {
      finding: 'harm-ruled-out',
      effect: effect(0.97, 0.71, 1.46),
      eValue: 0.02,
      promoteEValue: 22.4,
      smallestDetectable: 1.7,
    },
    expectedDecisionAt: null,
  },
  'no-data': {
    canaryRequests: 0,
    canaryErrors: () => 0,
    code: 'NO_CANARY_DATA',
    summary: 'Nothing has arrived from checkout 2.4.1, although 2 of its pods run.',
    detail: 'So nothing is known: neither harm nor its absence. The deadline is 11:51.',
    eValue: () => 1,
    promoteEValue: () => 1,
    errors: {
      finding: 'no-data',
      effect: effect(null, 0, null),
      eValue: 1,
      promoteEValue: 1,
      smallestDetectable: null,
    },
    latency: {
      finding: 'no-data',
      effect: slowerBy(null, 0, null),
      eValue: 1,
      promoteEValue: 1,
      smallestDetectable: null,
    },
    quantiles: [],
    expectedDecisionAt: null,
  },
  'warming-up': {
    looks: 0,
    code: 'WARMING_UP',
    summary: 'checkout 2.4.1 is warming up; judging starts at 09:53.',
    detail: 'The first 2 minutes are left out.',
    expectedDecisionAt: null,
  },
  'one-pod': { canaryPods: 1, baselinePods: 9, looks: 6 },
  'zero-baseline': {
    ...rollback,
    looks: 6,
    baselineErrors: () => 0,
    canaryErrors: () => 12,
    summary: 'checkout 2.4.1 fails 3.2% of requests; 2.4.0 fails none.',
    detail: 'At least 12 times as many; your margin is 1.25 times.',
    errors: { ...rollback.errors, effect: effect(null, 12, null) },
    eValue: (k) => 4 ** k,
  },
  'long-names': {
    service: 's'.repeat(200),
    summary: `No harm seen in ${'s'.repeat(200)} 1.0.1-${'b'.repeat(194)}, but too few requests to rule it out.`,
    versions: [`1.0.0-${'a'.repeat(194)}`, `1.0.1-${'b'.repeat(194)}`],
    looks: 4,
  },
  'thousand-looks': {
    looks: 1000,
    lookSeconds: 10,
    canaryRequests: 40,
    baselineRequests: 400,
    canaryErrors: (k) => (k % 5 === 0 ? 1 : 0),
    baselineErrors: () => 2,
    eValue: (k) => Math.exp(Math.sin(k / 9)),
  },
  'all-kinds': {
    ...rollback,
    summary: 'checkout 2.4.1: restarts are 22.5 per pod and hour against 0 for 2.4.0.',
    detail: 'Restarts are new: 2.4.0 has none; your margin is 1.00×.',
    more: everyKind,
  },
  'shared-outage': {
    looks: 12,
    canaryErrors: (k) => (k < 6 ? 2 : 74),
    baselineErrors: (k) => (k < 6 ? 33 : 1416),
    code: 'SHARED_OUTAGE',
    summary: 'Unexplained outage of checkout since 09:54: 2.4.0 fails 20%, 2.4.1 20%.',
    detail:
      'Both versions have it, so 2.4.1 is neither promoted nor blamed. It failed 0.47% in the hour before the start.',
    expectedDecisionAt: null,
    more: unreported,
  },
  overridden: {
    looks: 4,
    decision: 'promote',
    code: 'OVERRIDDEN',
    summary: 'A. Kim promoted checkout 2.4.1; Davy said hold.',
    detail: '',
    final: true,
  },
}

function sum(story: Story, errors: (k: number) => number): number {
  let total = 0
  for (let k = 0; k < story.looks; k++) total += errors(k)
  return total
}

function judgementsOf(story: Story): readonly Judgement[] {
  if (story.looks === 0) return []
  const canary = story.canaryRequests * story.looks
  const baseline = story.baselineRequests * story.looks
  const arms = (canaryValue: number | null, baselineValue: number | null) => ({
    canary: { value: canary === 0 ? null : canaryValue, samples: canary, pods: canary === 0 ? 0 : story.canaryPods },
    baseline: { value: baselineValue, samples: baseline, pods: story.baselinePods },
  })
  const canaryErrors = sum(story, story.canaryErrors)
  const baselineErrors = sum(story, story.baselineErrors)
  const share = (errors: number, requests: number, part: readonly [ofErrors: number, ofRequests: number]) => ({
    requests: Math.round(requests * part[1]),
    errors: Math.round(errors * part[0]),
  })
  const place = (value: string, canaryPart: readonly [number, number], baselinePart: readonly [number, number]) => {
    const here = share(canaryErrors, canary, canaryPart)
    const there = share(baselineErrors, baseline, baselinePart)
    const ratio = there.errors === 0 ? null : here.errors / here.requests / (there.errors / there.requests)
    return { attribute: 'http.route', value, ratio, baseline: there, canary: here }
  }
  const where =
    story.errors.finding === 'harm-shown'
      ? [
          place('GET /cart/{id}', [0.13, 0.82], [0.6, 0.82]),
          place('POST /pay', [0.87, 0.18], [0.4, 0.18]),
          ...(story.more.length === 0
            ? []
            : [{ ...place('ap-southeast-2', [0.7, 0.3], [0.3, 0.3]), attribute: 'cloud.region' }]),
        ]
      : []
  const common = { critical: true, promoteProof: 'ratio' as const, where: [] }
  return [
    {
      ...common,
      name: 'error-rate',
      kind: 'proportion',
      group: 'errors',
      weight: 0.6,
      ...arms(canaryErrors / canary, baselineErrors / baseline),
      ...(quiet.errors as Pick<Judgement, 'finding' | 'effect' | 'eValue' | 'promoteEValue' | 'smallestDetectable'>),
      ...story.errors,
      where,
    },
    {
      ...common,
      name: 'latency',
      kind: 'distribution',
      group: 'latency',
      weight: 0.35,
      ...arms(story.quantiles.at(-1)?.canary ?? null, 0.64),
      ...(quiet.latency as Pick<Judgement, 'finding' | 'effect' | 'eValue' | 'promoteEValue' | 'smallestDetectable'>),
      ...story.latency,
      quantiles: story.quantiles,
    },
    ...story.more,
  ]
}

/** An interval that was wider at earlier looks. */
function earlier(final: Effect, k: number, looks: number): Effect {
  const wider = Math.sqrt(looks / (k + 1))
  const { ratio, low, high } = final
  const centre = ratio ?? 1
  const at = (end: number) => centre * Math.exp(Math.log(end / centre) * wider)
  return { ...final, low: low > 0 ? at(low) : 0, high: high === null ? null : at(high) }
}

function looksOf(story: Story, judgements: readonly Judgement[]): readonly ReportLook[] {
  const canaryPods = podNames('canary', story.canaryPods)
  const baselinePods = podNames('stable', story.baselinePods)
  return Array.from({ length: story.looks }, (_, k): ReportLook => {
    const from = startedAt + k * story.lookSeconds * 1000
    const to = from + story.lookSeconds * 1000
    const canary =
      story.canaryRequests === 0
        ? { requests: 0, errors: 0, operations: {}, pods: {}, latency: [] }
        : arm(story.canaryRequests, story.canaryErrors(k), canaryPods, story.canarySeconds)
    const slice: Slice = {
      from,
      to,
      baseline: arm(story.baselineRequests, story.baselineErrors(k), baselinePods, 0.08),
      canary,
      closesBlock: k % 2 === 1,
      step: 0,
      late: { baseline: k * 3, canary: 0 },
    }
    const last = k === story.looks - 1
    const towards = (final: number) => (last ? final : final ** ((k + 1) / story.looks))
    const latency = towards(judgements[1]?.eValue ?? 1)
    // Weighted with the reserve of 0.05 at 1, the parts make the whole.
    const errors = Math.max(0.01, (story.eValue(k) - 0.35 * latency - 0.05) / 0.6)
    return {
      look: k + 1,
      at: to,
      slice,
      decision: last && story.code !== 'OVERRIDDEN' ? story.decision : 'hold',
      code: last && story.code !== 'OVERRIDDEN' ? story.code : 'UNDERPOWERED',
      eValue: story.eValue(k),
      promoteEValue: story.promoteEValue(k, story.looks),
      metrics: judgements.map(({ name, eValue, promoteEValue, effect: final }) => ({
        name,
        eValue: last ? eValue : name === 'latency' ? latency : errors,
        promoteEValue: towards(promoteEValue),
        effect: earlier(final, k, story.looks),
      })),
    }
  })
}

function deploymentOf(story: Story, variant: Variant): Deployment {
  const overridden = variant === 'overridden'
  const at = new Date(startedAt).toISOString()
  return {
    namespace: '',
    service: story.service,
    environment: 'production',
    id: '01JD8Q4V7W3N5T9XKZ0000ABCD',
    key: 'key',
    attempt: 1,
    strategy: 'canary',
    canary: { version: story.versions[1] },
    baseline: { version: story.versions[0] },
    baselineFrom: 'registered',
    origin: 'api',
    mode: 'enforce',
    template,
    templateDigest: 'sha256:9b1f00000000000000000000e07c',
    plannedWeight: 5,
    startedAt: at,
    createdAt: at,
    status: story.final ? 'closed' : 'open',
    outcome: story.final ? (overridden ? 'promoted' : 'rolled-back') : null,
    endedAt: story.final ? new Date(startedAt + story.looks * story.lookSeconds * 1000 + 3000).toISOString() : null,
    progress: [{ at, weight: 5, step: '1' }],
    override: overridden
      ? {
          at: '2026-11-21T10:10:00Z',
          decision: 'promote',
          reason: 'the declines are a bank’s, see INC-42',
          by: 'A. Kim',
        }
      : null,
    supersededBy: null,
  }
}

function deliveriesOf(story: Story): readonly ReportDelivery[] {
  if (!story.final) return []
  return [
    {
      endpoint: 'release-bot',
      messageId: '01V',
      at: '2026-11-21T10:00:11Z',
      outcome: 'retry',
      status: 503,
      attempt: 1,
    },
    {
      endpoint: 'https://hooks.example/davy',
      messageId: '01V',
      at: '2026-11-21T10:00:12Z',
      outcome: 'delivered',
      status: 200,
      attempt: 1,
    },
    {
      endpoint: 'release-bot',
      messageId: '01V',
      at: '2026-11-21T10:00:19Z',
      outcome: 'delivered',
      status: 200,
      attempt: 2,
    },
  ]
}

function placebos(rollbacks: number, low: number, high: number): PlaceboRate {
  const rollbacksBy: Record<string, number> = rollbacks === 0 ? {} : { 'error-rate': rollbacks }
  const outcome = { promotes: 170, medianSecondsToPromote: 610, rollbacksBy }
  return { runs: 200, rollbacks, rate: rollbacks / 200, low, high, ...outcome }
}

/** What was measured before the deployment opened: it promises enough, too little, or there was too little of it. */
export function aCalibration(changes: Partial<CalibrationMeasure> = {}): CalibrationRun {
  const after = placebos(1, 0.000126, 0.0275)
  return {
    ...{ namespace: '', service: 'checkout', environment: 'production' },
    id: '01JD8Q4V7W3N5T9XKZ0000CALI',
    template: { name: 'default', digest: 'sha256:00' },
    alpha: 0.01,
    computedAt: '2026-11-21T02:10:00Z',
    engine: 'davy/0.1.0',
    reason: null,
    measure: {
      from: '2026-11-20T02:00:00Z',
      to: '2026-11-21T02:00:00Z',
      version: '2.4.0',
      ...{ canaryPods: 2, seconds: 7200, seed: 7 },
      nulls: { 'error-rate': { tauPod: 0.12, sigb: 0.1, eps: 0.005, phi: 1.2 } },
      reasons: { latency: 'durations are not recorded by pod' },
      basis: { blocks: 1440, pods: 18 },
      ...{ before: after, after, raises: 0, isWithinAlpha: true },
      ...changes,
    },
  }
}

const calibrations: Partial<Readonly<Record<Variant, CalibrationRun>>> = {
  promote: aCalibration(),
  hold: aCalibration({ after: placebos(14, 0.0388, 0.1146), raises: 9, isWithinAlpha: false }),
}

const checks: readonly CheckState[] = [
  {
    ...{ name: 'image', kind: 'vulnerabilities', passed: true, url: null, at: '2026-11-21T09:50:00Z' },
    summary: '9 vulnerabilities; none is critical.',
  },
  {
    ...{ name: 'smoke', kind: 'tests', passed: false, url: 'https://ci.example/7', at: '2026-11-21T09:55:00Z' },
    summary: '1 of 31 tests failed: pay › declines.',
  },
]

const explanation: Explanation = {
  ...{ verdictId: '01JD8Q4V7W3N5T9XKZ0000VERD', deploymentId: '01JD8Q4V7W3N5T9XKZ00000000', oneIn: 3 },
  ...{ at: startedAt + 600_000, from: startedAt, to: startedAt + 580_000, event: { kind: 'failed' } },
  attributes: [
    {
      ...{ attribute: 'tenant.tier', value: 'gold', share: 0.86, eValue: 41_000 },
      ...{ baseline: { requests: 20_100, errors: 105 }, canary: { requests: 1_040, errors: 160 } },
    },
    {
      ...{ attribute: 'feature.wallet', value: '', share: 0.31, eValue: 88 },
      ...{ baseline: { requests: 7_000, errors: 40 }, canary: { requests: 380, errors: 62 } },
    },
    {
      ...{ signal: 'logs', attribute: 'tenant.tier', value: 'gold', share: 0.28, eValue: 61 },
      ...{ baseline: { requests: 2_400, errors: 20 }, canary: { requests: 130, errors: 24 } },
    },
    {
      ...{
        signal: 'metrics',
        metric: 'payments_total',
        attribute: 'cloud.region',
        value: 'eu',
        share: 0.21,
        eValue: 55,
      },
      ...{ baseline: { requests: 3_900, errors: 21 }, canary: { requests: 210, errors: 19 } },
    },
  ],
  signals: [
    {
      ...{ signal: 'traces', counted: 61_000, oneIn: 3, from: startedAt },
      leftOut: [{ reason: 'many-values', names: ['user.id', 'request.id'], more: 4 }],
    },
    {
      ...{ signal: 'logs', counted: 8_210, oneIn: 1, from: startedAt },
      leftOut: [{ reason: 'not-stored', names: [], more: 0 }],
    },
    {
      ...{ signal: 'metrics', counted: 60_400, oneIn: 1, from: startedAt + 120_000 },
      ...{ metrics: ['payments_total', 'http.server.request.duration'] },
      leftOut: [{ reason: 'many-metrics', names: ['orders_total'], more: 0 }],
    },
  ],
  place: { kind: 'version', place: null, eValue: 0.4, summary: 'All pods of the canary do alike: it is the version.' },
  edges: [
    {
      ...{ edge: 'fraud-check', state: 'new', secondsMore: 0.021 },
      baseline: { calls: 0, callsPerRequest: 0, failed: null, seconds: null },
      canary: { calls: 3_100, callsPerRequest: 1, failed: 0.02, seconds: 0.021 },
    },
    {
      ...{ edge: 'postgresql shop.orders', state: 'both', secondsMore: 0.004 },
      baseline: { calls: 120_000, callsPerRequest: 2, failed: 0, seconds: 0.002 },
      canary: { calls: 24_800, callsPerRequest: 8, failed: 0, seconds: 0.001 },
    },
    {
      ...{ edge: 'redis sessions', state: 'vanished', secondsMore: -0.001 },
      baseline: { calls: 60_000, callsPerRequest: 1, failed: 0, seconds: 0.001 },
      canary: { calls: 0, callsPerRequest: 0, failed: null, seconds: null },
    },
  ],
  time: {
    baseline: { request: 0.05, calls: 0.02, self: 0.03 },
    canary: { request: 0.075, calls: 0.044, self: 0.031 },
  },
  errorTypes: [
    {
      errorType: 'WalletDeclined',
      baseline: { errors: 0, perRequest: 0 },
      canary: { errors: 160, perRequest: 0.026 },
    },
  ],
  suspects: [
    {
      ...{ deploymentId: '01JD8Q4V7W3N5T9XKZ00000000', service: 'checkout', strategy: 'canary', version: '2.4.1' },
      ...{ relation: 'itself', startedAt, reason: 'The version beside it at the same time does not have the harm.' },
    },
    {
      ...{ deploymentId: '01JD8Q4V7W3N5T9XKZ00000001', service: 'payments', strategy: 'config', version: null },
      ...{ relation: 'callee', startedAt: startedAt - 240_000 },
      reason: 'It is a service that it calls, changed 4 min before.',
    },
  ],
}

/** A report's input for a variant; the same numbers on every call. */
export function reportInput(variant: Variant): ReportInput {
  const story: Story = { ...quiet, ...stories[variant] }
  const metrics = judgementsOf(story)
  const looks = looksOf(story, metrics)
  const deployment = deploymentOf(story, variant)
  const decidedAt = startedAt + story.looks * story.lookSeconds * 1000
  const now = decidedAt + 12_000
  const verdict: Verdict = {
    id: '01JD8Q4V7W3N5T9XKZ0000VERD',
    deploymentId: deployment.id,
    namespace: '',
    service: story.service,
    environment: 'production',
    strategy: 'canary',
    mode: 'enforce',
    attempt: 1,
    baseline: { version: story.versions[0] },
    canary: { version: story.versions[1] },
    decision: story.decision,
    final: story.final,
    look: story.looks,
    reason: { code: story.code, summary: story.summary, detail: story.detail },
    score: story.decision === 'rollback' ? 0 : story.decision === 'promote' ? 100 : 52,
    confidence: {
      falseRollbackRate: 0.01,
      falsePromoteRate: 0.05,
      eValue: looks.at(-1)?.eValue ?? 1,
      promoteEValue: looks.at(-1)?.promoteEValue ?? 1,
    },
    decidedAt: new Date(decidedAt).toISOString(),
    validUntil: new Date(decidedAt + 120_000).toISOString(),
    expectedDecisionAt: story.expectedDecisionAt,
    metrics,
    template: { name: 'default', digest: deployment.templateDigest },
    engine: 'davy/0.1.0',
    reportUrl: `http://localhost:8080/deployments/${deployment.id}`,
  }
  const open = deployment.status === 'open'
  return {
    ...{ deployment, verdict, looks, deliveries: deliveriesOf(story), now },
    calibration: calibrations[variant] ?? null,
    ...(variant === 'rollback' ? { explanation, checks } : {}),
    nextLookAt: open ? now + 18_000 : null,
  }
}
