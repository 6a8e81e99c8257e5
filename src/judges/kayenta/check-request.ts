import { DavyError } from '../../domain/errors.ts'
import type { CanaryJudgeRequest, CanaryMetricConfig, MetricSetPair } from './canary-config.ts'
import { type MetricOptions, metricOptions } from './metric-options.ts'

/** A pair with the policy that its name points to. */
export type JudgedPair = {
  readonly pair: MetricSetPair
  readonly groups: readonly string[]
  readonly options: MetricOptions
}

export type CheckedRequest = {
  readonly pairs: readonly JudgedPair[]
  readonly groupWeights: Readonly<Record<string, number>>
}

/**
 * Finds every pair's policy and refuses what cannot be judged: a pair without a metric of its name (the first one
 * counts), a metric without groups, a config without a classifier, a wrong type. Where the original answers with a
 * null pointer or a failed cast, the answer here says where the fault is.
 *
 * @throws DavyError VALIDATION
 */
export function checkRequest({ canaryConfig, scoreThresholds, metricSetPairList }: CanaryJudgeRequest): CheckedRequest {
  for (const key of ['pass', 'marginal'] as const) requireNumber(scoreThresholds[key], `/scoreThresholds/${key}`)
  const { classifier } = canaryConfig
  if (!classifier) throw refusal('/canaryConfig/classifier', 'an object', classifier)
  const groupWeights = classifier.groupWeights ?? {}
  for (const [group, weight] of Object.entries(groupWeights)) {
    requireNumber(weight, `/canaryConfig/classifier/groupWeights/${group}`)
  }
  return { groupWeights, pairs: metricSetPairList.map((pair, i) => checkPair(pair, i, canaryConfig.metrics)) }
}

function checkPair(pair: MetricSetPair, i: number, metrics: readonly CanaryMetricConfig[]): JudgedPair {
  const index = metrics.findIndex(({ name }) => name === pair.name)
  const config = metrics[index]
  if (config === undefined) {
    throw refusal(`/metricSetPairList/${i}/name`, 'the name of a metric of the config', pair.name)
  }
  const where = `/canaryConfig/metrics/${index}`
  const { groups } = config
  if (!groups) throw refusal(`${where}/groups`, 'a list of group names', groups)
  return { pair, groups, options: metricOptions(config, where) }
}

function requireNumber(value: unknown, where: string): void {
  if (!Number.isFinite(value)) throw refusal(where, 'a finite number', value)
}

function refusal(where: string, expected: string, value: unknown): DavyError {
  const got = value === undefined ? 'nothing' : JSON.stringify(value)
  return new DavyError('VALIDATION', `${where}: expected ${expected}, got ${got}`, { expected, got, where })
}
