import { type ArmSlice, emptyArm, type PodReadings, type Slice } from '../../src/domain/evidence.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import type { GaugeTick } from '../../src/judges/sequential/learn-gauge-histories.ts'
import { type Random, random } from '../stats/random.ts'
import { startedAt } from './rollout.ts'

export const memory: MetricSpec = {
  name: 'memory',
  kind: 'gauge',
  source: 'metrics',
  instruments: ['process.memory.usage', 'container.memory.working_set'],
  direction: 'increase',
  weight: 0.1,
  group: 'saturation',
  margin: 1.1,
  promoteMargin: 1.5,
  critical: false,
}

export const blockSeconds = 60
const instrument = 'container.memory.working_set'
const usual = 400e6
const history = { minutes: 60, a: 0.6 }

export type Fleet = {
  readonly seed: number
  readonly baselinePods: number
  readonly canaryPods: number
  /** Standard deviations of a pod's own log level, and of a block's innovation. */
  readonly tau: number
  readonly innovation: number
  readonly minutes: number
  /** What the canary's level is multiplied with, by its age in minutes. */
  readonly factor?: (ageMinutes: number) => number
  /** Of a pod that starts before the release: what its level is multiplied with by its age. */
  readonly warming?: (ageMinutes: number) => number
}

/** One pod's log level, an AR(1) series around its own mean. */
class Pod {
  readonly #source: Random
  readonly #mean: number
  #noise: number
  readonly #innovation: number
  constructor(source: Random, { tau, innovation }: Fleet) {
    this.#source = source
    this.#innovation = innovation
    this.#mean = tau * source.normal()
    this.#noise = (innovation / Math.sqrt(1 - history.a ** 2)) * source.normal()
  }
  next(): number {
    this.#noise = history.a * this.#noise + this.#innovation * this.#source.normal()
    return usual * Math.exp(this.#mean + this.#noise)
  }
}

function readings(value: number): PodReadings {
  return { count: 6, sum: 6 * value, min: value * 0.98, max: value * 1.02 }
}

/** The hour before the start and the rollout after it, a slice a minute, every one a block. */
export function rollout(fleet: Fleet): { readonly before: readonly GaugeTick[]; readonly slices: readonly Slice[] } {
  const source = random(fleet.seed)
  const pods = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => [`${prefix}-${i}`, new Pod(source, fleet)] as const)
  const baseline = pods('a', fleet.baselinePods)
  const canary = pods('b', fleet.canaryPods)
  const starting = fleet.warming === undefined ? [] : pods('s', 2)
  const before: GaugeTick[] = []
  const from = startedAt - history.minutes * 60_000
  for (let minute = 0; minute < history.minutes; minute++) {
    const at = from + minute * 60_000
    for (const [pod, series] of baseline) before.push({ at, instrument, pod, readings: readings(series.next()) })
    for (const [pod, series] of starting) {
      const value = series.next() * fleet.warming!(minute - 10)
      if (minute >= 10) before.push({ at, instrument, pod, readings: readings(value) })
    }
  }
  const arm = (of: typeof baseline, factor: number): ArmSlice => ({
    ...emptyArm,
    gauges: { [instrument]: Object.fromEntries(of.map(([pod, series]) => [pod, readings(series.next() * factor)])) },
  })
  const slices = Array.from({ length: fleet.minutes }, (_, minute) => ({
    from: startedAt + minute * 60_000,
    to: startedAt + (minute + 1) * 60_000,
    baseline: arm(baseline, 1),
    canary: arm(canary, fleet.factor?.(minute) ?? 1),
    closesBlock: true,
    step: 0,
  }))
  return { before, slices }
}
