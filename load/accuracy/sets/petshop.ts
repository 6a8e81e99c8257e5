import { seriesJudges } from '../../../src/judges/index.ts'
import type { Call, NodeRow, NodeRows } from '../../../src/judges/root-cause/node-rows.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import type { DataFolder } from '../data-folder.ts'
import { dataSet, goal, type SetScore } from '../data-set.ts'
import { halvesOf } from '../halves.ts'
import { decisionScore, share } from '../scores.ts'

type Series = {
  readonly entity: string
  readonly metric: string
  readonly stat: string
  readonly v: readonly (number | null)[]
}

type Baseline = { readonly t: readonly number[]; readonly series: readonly Series[] }

type Case = Baseline & {
  readonly case_id: string
  readonly traffic: string
  readonly baseline: string
  readonly exclude_baseline_rows: readonly number[]
}

type Truth = {
  readonly case_id: string
  readonly label: 'good' | 'bad'
  readonly root_cause: string | null
}

export type JudgedCase = {
  readonly caseId: string
  readonly traffic: string
  readonly isIssue: boolean
  readonly loudness: number
  /** Ranked by the telemetry alone: nobody knows who calls whom. */
  readonly ranked: readonly string[]
  /** Ranked with the calls that were written down by hand. */
  readonly rankedWithCalls: readonly string[]
}

/**
 * Issues of a pet shop of services, queues and databases against slices of its normal run.
 *
 * The set's telemetry says nothing about who calls whom, so the ranking that counts knows no calls.
 * `petshop/root-cause/with-written-calls` is what a tracer would add: the calls were written down by hand (`calls`),
 * from the application's public sources (aws-samples/one-observability-demo) and the names of the nodes, by someone who
 * had the causes within reach, so no goal rests on it. Issues and normal run lie months apart, so "bad against good"
 * says less here than the ranking.
 */
export const petshop = dataSet<readonly JudgedCase[]>({
  name: 'petshop',
  references: [],
  goals: [
    goal('cause in the first place', 'hitRateAt1', { least: 0.6 }, 'petshop/root-cause'),
    goal('cause in the first three', 'hitRateAt3', { least: 0.85 }, 'petshop/root-cause'),
  ],
  judge(folder, progress) {
    const cases = filesOf(folder, /^cases_.*\.jsonl\.gz$/).flatMap((file) => folder.jsonLines<Case>(file))
    const baselines = new Map<string, Baseline>()
    return cases.map((one, at) => {
      const baseline = baselines.get(one.baseline) ?? folder.json<Baseline>(one.baseline)
      baselines.set(one.baseline, baseline)
      const nodes = nodesOf(baseline, one)
      const { isIssue, loudness, ranked } = judgeSeries(seriesJudges['root-cause'], { nodes, calls: [] })
      const withCalls = judgeSeries(seriesJudges['root-cause'], { nodes, calls }).ranked
      progress(at + 1, cases.length)
      return {
        caseId: one.case_id,
        traffic: one.traffic,
        isIssue,
        loudness,
        ranked: ranked.map(({ node }) => node),
        rankedWithCalls: withCalls.map(({ node }) => node),
      }
    })
  },
  score(judged, folder) {
    const truths = filesOf(folder, /^truth_.*\.jsonl$/).flatMap((file) => folder.jsonLines<Truth>(file))
    return scoreCases(judged, truths)
  },
  halve: (judged) => halvesOf(judged, ({ caseId }) => caseId),
})

function filesOf(folder: DataFolder, pattern: RegExp): readonly string[] {
  const files = folder.list().filter((file) => pattern.test(file))
  if (files.length === 0) throw new Error(`petshop: expected files like ${pattern}, got none`)
  return files
}

/** Every node that the baseline knows; a slice of the normal run is not part of its own baseline. */
function nodesOf(baseline: Baseline, one: Case): NodeRows[] {
  const excluded = new Set(one.exclude_baseline_rows)
  return [...new Set(baseline.series.map(({ entity }) => entity))].map((node) => ({
    node,
    // A removed row stays as a gap, so that no window joins what lies before and after it.
    baseline: rowsOf(baseline, node).map((row, at) => (excluded.has(at) ? noRow : row)),
    current: rowsOf(one, node),
  }))
}

const noRow: NodeRow = { requests: 0, latencySeconds: null, failedShare: null }

function rowsOf({ t, series }: Baseline, node: string): NodeRow[] {
  const own = series.filter(({ entity }) => entity === node)
  const valuesOf = (metric: string, stat: string) => own.find((s) => s.metric === metric && s.stat === stat)?.v
  const latency = valuesOf('latency', 'Average')
  const available = valuesOf('availability', 'Average')
  const requests = valuesOf('requests', 'Sum')
  return t.map((_, at) => {
    const percent = available?.[at] ?? null
    return {
      requests: requests?.[at] ?? 0,
      latencySeconds: latency?.[at] ?? null,
      failedShare: percent === null ? null : 1 - percent / 100,
    }
  })
}

/**
 * Per traffic and pooled: decisions over all cases, hits of the ranking over those with a known cause.
 *
 * @throws when a case has no truth, or a bad one no cause
 */
export function scoreCases(judged: readonly JudgedCase[], truths: readonly Truth[]): Record<string, SetScore> {
  const byId = new Map(truths.map((truth) => [truth.case_id, truth]))
  const cases = judged.map((one) => {
    const truth = byId.get(one.caseId)
    if (truth === undefined) throw new Error(`petshop: expected a truth of ${one.caseId}, got none`)
    if (truth.label === 'bad' && truth.root_cause === null) {
      throw new Error(`petshop: expected the root cause of the issue ${one.caseId}, got null`)
    }
    return { ...one, truth }
  })
  const traffics = [...new Set(judged.map(({ traffic }) => traffic))].sort()
  const issues = cases.filter(({ truth }) => truth.label === 'bad')
  const hits = (some: typeof cases, ranking: 'ranked' | 'rankedWithCalls') => {
    const found = some.filter(({ truth }) => truth.label === 'bad')
    const within = (top: number) => {
      return found.filter((one) => one[ranking].slice(0, top).includes(one.truth.root_cause!)).length
    }
    return { hitRateAt1: share(within(1), found.length), hitRateAt3: share(within(3), found.length) }
  }
  const whole = (some: typeof cases): SetScore => {
    const scored = some.map(({ truth, isIssue, loudness }) => {
      return { isBad: truth.label === 'bad', decision: isIssue ? 'rollback' : 'promote', harm: loudness } as const
    })
    return { ...decisionScore(scored), holdShare: undefined, ...hits(some, 'ranked') }
  }
  return {
    petshop: whole(cases),
    ...Object.fromEntries(
      traffics.map((traffic) => [
        `petshop/${traffic.replace(/_traffic$/, '')}`,
        whole(cases.filter((one) => one.traffic === traffic)),
      ]),
    ),
    'petshop/root-cause': { cases: issues.length, ...hits(issues, 'ranked') },
    'petshop/root-cause/with-written-calls': { cases: issues.length, ...hits(issues, 'rankedWithCalls') },
  }
}

const site = 'PetSite'
const search = 'PetSearch_AWS::ECS::Fargate'
const listAdoptions = 'petlistadoptions_AWS::ECS::Fargate'
const payForAdoption = 'payforadoption_AWS::ECS::Container'
const statusApi = 'PetAdoptionStatusUpdater/prod_AWS::ApiGateway::Stage'
const statusUpdater = 'lambdastatusupdater_AWS::Lambda'
const statusUpdaterFunction = 'lambdastatusupdater_AWS::Lambda::Function'
const workflow = 'AWS::StepFunctions::StateMachine'
const steps = ['readDDB', 'priceGreaterThan55', 'priceLessThan55'].map((step) => `lambda_step_${step}`)
const petTable = 'petInfo_AWS::DynamoDB::Table'
const adoptionsDatabase = 'adoptions@services-database.us-west-2.rds.amazonaws.com_Database::SQL'

/** Direct callees by caller. `_remote` and `_client` nodes are one service as another, or a load balancer, sees it. */
const callees: Readonly<Record<string, readonly string[]>> = {
  'servi-petsi.us-west-2.elb.amazonaws.com_remote': [site],
  [site]: [
    search,
    listAdoptions,
    payForAdoption,
    'servi-searc.us-west-2.elb.amazonaws.com_remote',
    'servi-lista.us-west-2.elb.amazonaws.com_remote',
    'servi-payfo.us-west-2.elb.amazonaws.com_remote',
    workflow,
    'StepFunctions_AWS::StepFunctions',
    'SimpleNotificationService_AWS::SimpleNotificationService',
    'SimpleSystemsManagement_AWS::SimpleSystemsManagement',
    'https://sqs.us-west-2.amazonaws.com/Services-sqspetadoption_AWS::SQS::Queue',
  ],
  'servi-searc.us-west-2.elb.amazonaws.com_remote': [search],
  'Servi-searc.us-west-2.elb.amazonaws.com_remote': [search],
  PetSearch_client: [search],
  [search]: [petTable, 'S3_AWS::S3', 'AWSSimpleSystemsManagement_AWS::AWSSimpleSystemsManagement'],
  'servi-lista.us-west-2.elb.amazonaws.com_remote': [listAdoptions],
  petlistadoptions_client: [listAdoptions],
  [listAdoptions]: [search, 'Servi-searc.us-west-2.elb.amazonaws.com_remote', 'PGSQL Query_remote', adoptionsDatabase],
  'servi-payfo.us-west-2.elb.amazonaws.com_remote': [payForAdoption],
  payforadoption_client: [payForAdoption],
  [payForAdoption]: [adoptionsDatabase, statusApi, 'amazon.com_remote', 'www.amazon.com_remote'],
  [statusApi]: [statusUpdater],
  [statusUpdater]: [statusUpdaterFunction],
  [statusUpdaterFunction]: [petTable],
  'StepFunctions_AWS::StepFunctions': [workflow],
  [workflow]: steps.map((step) => `${step}_AWS::Lambda`),
  ...Object.fromEntries(
    steps.flatMap((step) => [
      [`${step}_AWS::Lambda`, [`${step}_AWS::Lambda::Function`]],
      [`${step}_AWS::Lambda::Function`, [step]],
    ]),
  ),
}

const calls: readonly Call[] = Object.entries(callees).flatMap(([caller, called]) =>
  called.map((callee) => ({ caller, callee })),
)
