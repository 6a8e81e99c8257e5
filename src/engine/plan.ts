import { type CalibrationRun, usableNulls } from '../domain/calibration.ts'
import { defaultEnvironment, isSameUnit, type Unit } from '../domain/cohort.ts'
import { DavyError } from '../domain/errors.ts'
import type { Histogram } from '../domain/evidence.ts'
import type { Template } from '../domain/template.ts'
import { planPower, type WeightPlan } from '../judges/sequential/power-plan.ts'
import { digestOf } from '../platform/digest.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import type { Calibrations } from './calibration/calibrations.ts'
import { onlyNamespace } from './registration.ts'
import { sumLatency } from './slices.ts'
import { tickMs } from './timetable.ts'

const hourMs = 3_600_000

/** Without a word about pods and without a service whose pods can be counted. */
const defaultPods = 10

const defaultWeights = [1, 5, 10, 20, 50]
const defaultRatios = [1.5, 2, 3, 5, 10]

/** What is asked; what is absent is taken from the service's last hour, or is a default. */
export type PlanRequest = {
  readonly namespace?: string
  readonly service?: string
  readonly environment?: string
  readonly requestsPerSecond?: number
  readonly errorRate?: number
  readonly pods?: number
  /** Per cent. */
  readonly weights?: readonly number[]
  readonly ratios?: readonly number[]
  /** Rises of the error rate as shares: 0.005 is half a point. */
  readonly increases?: readonly number[]
}

/** What the plan was made with. */
type PlanBasis = {
  readonly requestsPerSecond: number
  readonly errorRate: number
  readonly pods: number
  /** null: the judge's cold start. */
  readonly calibration: string | null
}

export type Plan = { readonly basis: PlanBasis; readonly weights: readonly WeightPlan[] }

type Measured = {
  readonly requestsPerSecond: number
  readonly errorRate: number
  readonly pods: number | null
  readonly latency: Histogram
  readonly calibration: CalibrationRun | null
}

export type PlanOptions = {
  readonly rollups: RollupReader
  readonly calibrations: Pick<Calibrations, 'before'>
  readonly now: () => number
}

/**
 * How long a decision would take, by the canary's share of the traffic.
 * @throws DavyError UNPROCESSABLE when the rates are neither given nor to be had from a service's last hour.
 */
export async function planRollout(options: PlanOptions, request: PlanRequest, template: Template): Promise<Plan> {
  const measured = request.service === undefined ? null : await lastHour(options, request.service, request, template)
  const requestsPerSecond = request.requestsPerSecond ?? measured?.requestsPerSecond
  const errorRate = request.errorRate ?? measured?.errorRate
  if (requestsPerSecond === undefined || errorRate === undefined) {
    throw new DavyError('UNPROCESSABLE', 'A plan needs to know the traffic.', {
      expected: 'requestsPerSecond and errorRate, or a service with requests in the last hour',
      where: requestsPerSecond === undefined ? 'requestsPerSecond' : 'errorRate',
    })
  }
  const pods = Math.max(2, request.pods ?? measured?.pods ?? defaultPods)
  const calibration = measured?.calibration ?? null
  const nulls = usableNulls(calibration)
  const weights = planPower({
    ...{ template, requestsPerSecond, errorRate, pods },
    ...(nulls === null ? {} : { nulls }),
    ...(measured === null ? {} : { latency: measured.latency }),
    weights: request.weights ?? defaultWeights,
    ratios: ratiosOf(request, errorRate),
  })
  const basis = { requestsPerSecond, errorRate, pods, calibration: nulls === null ? null : (calibration?.id ?? null) }
  return { basis, weights }
}

/** @throws DavyError UNPROCESSABLE for an increase beyond all requests, or of no errors at all. */
function ratiosOf({ ratios, increases = [] }: PlanRequest, errorRate: number): readonly number[] {
  const fromIncreases = increases.map((increase) => {
    if (errorRate > 0 && errorRate + increase <= 1) return (errorRate + increase) / errorRate
    throw new DavyError('UNPROCESSABLE', 'An error rate cannot rise by so much from there.', {
      expected: 'an error rate above 0 that stays at most 1',
      got: `${errorRate} + ${increase}`,
      where: 'increases',
    })
  })
  return [...(ratios ?? (increases.length === 0 ? defaultRatios : [])), ...fromIncreases]
}

async function lastHour(
  { rollups, calibrations, now }: PlanOptions,
  service: string,
  request: PlanRequest,
  template: Template,
): Promise<Measured | null> {
  const to = Math.floor((now() - template.watermarkSeconds * 1000) / tickMs) * tickMs
  const from = to - hourMs
  const environment = request.environment ?? defaultEnvironment
  const versions = await rollups.versions({ service, from, to })
  const namespace = request.namespace ?? onlyNamespace(versions, { service, environment })
  const unit: Unit = { namespace, service, environment }
  const own = versions.filter((row) => isSameUnit(row, unit))
  const sum = (count: (row: (typeof own)[number]) => number) => own.reduce((total, row) => total + count(row), 0)
  const requests = sum((row) => row.requests)
  if (requests === 0) return noTraffic(unit, request)
  const first = Math.min(...own.map(({ firstSeen }) => firstSeen))
  const histories = await rollups.histories(unit, from, to)
  const latencies = (await rollups.latencies(service, from, to)).filter((row) => isSameUnit(row, unit))
  return {
    requestsPerSecond: requests / ((to - first) / 1000),
    errorRate: sum((row) => row.errors) / requests,
    pods: histories.length === 0 ? null : Math.round(histories.reduce((total, row) => total + row.podsAtOnce, 0)),
    latency: sumLatency(latencies),
    calibration: await calibrations.before(unit, digestOf(template), now()),
  }
}

/** Rates that the request itself names do without a history. */
function noTraffic({ service, environment }: Unit, request: PlanRequest): null {
  if (request.requestsPerSecond !== undefined && request.errorRate !== undefined) return null
  throw new DavyError('UNPROCESSABLE', `No request of ${JSON.stringify(service.slice(0, 64))} came in the last hour.`, {
    expected: `a service with traffic in ${environment.slice(0, 64)}, or requestsPerSecond and errorRate`,
    where: 'service',
  })
}
