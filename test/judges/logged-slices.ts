import type { Signature, Slice } from '../../src/domain/evidence.ts'
import type { Random } from '../stats/random.ts'
import { type Fleet, madeFleet } from './made-fleet.ts'
import { madeArm } from './made-slices.ts'

const tickMs = 10_000

/** How a service logs warnings and errors: each signature is one thing that goes wrong. */
export type LoggedService = Fleet & {
  /** Share of the requests that log each known signature. */
  readonly known: readonly number[]
  /** New signatures begin so many times an hour, in both arms alike, each with its own rate and for good. */
  readonly newAnHour: number
  /** sd of the log of a pod's own rate of a signature. */
  readonly tauPod: number
  /** Share of the pods' minutes in which a pod has a burst: twenty times the rate of one signature for a while. */
  readonly bursts: number
  /** Share of the canary's requests, and of nobody else's, that log one more new signature. */
  readonly harm?: number
}

/** Slices of ten seconds, blocks of a minute. A release whose canary is no worse, but for `harm`. */
export function loggedSlices(service: LoggedService, source: Random): Slice[] {
  const { minutes, known, tauPod } = service
  const pods = madeFleet(service).map((pod) => ({ ...pod, burstOf: 0 }))
  const signatures = known.map((rate, i) => made(`known-${i}`, rate))
  const slices: Slice[] = []
  for (let tick = 0; tick < minutes * 6; tick += 1) {
    if (source.uniform() < service.newAnHour / 360) {
      signatures.push(made(`new-${signatures.length}`, 10 ** (-2 - 2 * source.uniform())))
    }
    const arms = {
      canary: new Map<string, Record<string, number>>(),
      baseline: new Map<string, Record<string, number>>(),
    }
    const requests: Record<string, number> = {}
    for (const pod of pods) {
      requests[pod.name] = source.poisson(pod.rps * 10)
      if (signatures.length > 0 && source.uniform() < service.bursts / 18) {
        pod.burstUntil = tick + 3
        pod.burstOf = Math.floor(source.uniform() * signatures.length)
      }
      const arm = pod.isCanary ? arms.canary : arms.baseline
      const count = (key: string, events: number) => {
        if (events > 0) arm.set(key, { ...arm.get(key), [pod.name]: events })
      }
      for (const [at, { key, rate, effects }] of signatures.entries()) {
        const burst = pod.burstUntil > tick && pod.burstOf === at ? 20 : 1
        count(key, source.poisson(requests[pod.name]! * Math.min(0.9, rate * burst) * effects.get(pod.name)!))
      }
      if (pod.isCanary) count('harm', source.poisson(requests[pod.name]! * (service.harm ?? 0)))
    }
    const armOf = (isCanary: boolean) => {
      const own = pods.filter((pod) => pod.isCanary === isCanary)
      const sum = own.reduce((total, { name }) => total + requests[name]!, 0)
      return {
        ...madeArm(
          { requests: sum, errors: 0 },
          own.map(({ name }) => name),
          {},
        ),
        signatures: Object.fromEntries(
          [...(isCanary ? arms.canary : arms.baseline)].map(([key, byPod]): [string, Signature] => [
            key,
            { text: key, severity: 17, isKnown: key.startsWith('known'), pods: byPod },
          ]),
        ),
      }
    }
    slices.push({
      ...{ from: tick * tickMs, to: (tick + 1) * tickMs, step: 0, closesBlock: tick % 6 === 5 },
      ...{ canary: armOf(true), baseline: armOf(false) },
    })
  }
  return slices

  function made(key: string, rate: number) {
    const effects = new Map(pods.map(({ name }) => [name, Math.exp(tauPod * source.normal())]))
    return { key, rate, effects }
  }
}
