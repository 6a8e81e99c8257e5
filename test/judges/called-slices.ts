import type { ArmSlice, KnownEdge, Slice } from '../../src/domain/evidence.ts'
import type { Random } from '../stats/random.ts'
import { type Fleet, type FleetPod, madeFleet } from './made-fleet.ts'
import { madeArm } from './made-slices.ts'

const tickMs = 10_000

/** How a service calls others. Rates are per request, of a pod's requests; a rate of 1 and more is a call in nearly each. */
export type CallingService = Fleet & {
  /** Calls per request of each known edge. */
  readonly known: readonly number[]
  /** Edges that both arms begin to call, so many an hour, each with its own rate and for good: flags, hosts that come. */
  readonly newAnHour: number
  /** Share of the pods' minutes in which a pod calls a new edge for a while that is called at no other time: a fallback. */
  readonly bursts: number
  /** Whether each pod calls one new edge of its own all the time: the agent of its node. */
  readonly hasAgents: boolean
  /** Whether each pod calls a new edge twice a minute that is the same for all, whatever it serves. */
  readonly hasRefresh: boolean
  /** sd of the log of a pod's own rate of an edge. */
  readonly tauPod: number
  /** Calls per request of a new edge that only the canary has. */
  readonly added?: number
  /** How many of the known edges the canary no longer calls, from the first on. */
  readonly removed?: number
}

type Called = { readonly name: string; readonly rate: (pod: FleetPod) => number }

/** Slices of ten seconds, blocks of a minute. A release that calls as the baseline does, but for what is added or removed. */
export function calledSlices(service: CallingService, source: Random): Slice[] {
  const pods = madeFleet(service)
  const alike = (name: string, rate: number): Called => {
    const effects = new Map(pods.map((pod) => [pod, Math.exp(service.tauPod * source.normal())]))
    return { name, rate: (pod) => rate * effects.get(pod)! }
  }
  const known = service.known.map((rate, i) => alike(`known-${i}`, rate))
  const fresh: Called[] = [
    ...(service.added === undefined ? [] : [onlyOf((pod) => pod.isCanary, alike('added', service.added))]),
    ...(service.hasAgents ? pods.map((pod) => onlyOf((other) => other === pod, alike(`agent-${pod.name}`, 0.5))) : []),
  ]
  return Array.from({ length: service.minutes * 6 }, (_, tick) => {
    if (source.uniform() < service.newAnHour / 360) {
      fresh.push(alike(`new-${fresh.length}`, 10 ** (-3 * source.uniform())))
    }
    const slices = { canary: newArm(), baseline: newArm() }
    for (const pod of pods) {
      const requests = source.poisson(pod.rps * 10)
      const arm = pod.isCanary ? slices.canary : slices.baseline
      if (source.uniform() < service.bursts / 18) pod.burstUntil = tick + 3
      if (requests === 0) continue
      arm.requests += requests
      arm.served += 1
      arm.pods.push(pod.name)
      const isCalled = (rate: number): boolean => source.uniform() < 1 - Math.exp(-requests * rate)
      for (const [i, edge] of known.entries()) {
        const isGone = pod.isCanary && i < (service.removed ?? 0)
        if (!isGone && isCalled(edge.rate(pod))) note(arm.known, edge.name, pod.name)
      }
      for (const edge of fresh) if (isCalled(edge.rate(pod))) note(arm.fresh, edge.name, pod.name)
      if (pod.burstUntil > tick) note(arm.fresh, 'fallback', pod.name)
      if (service.hasRefresh && source.uniform() < 1 / 3) note(arm.fresh, 'refresh', pod.name)
    }
    return {
      ...{ from: tick * tickMs, to: (tick + 1) * tickMs, step: 0, closesBlock: tick % 6 === 5 },
      ...{ canary: armOf(slices.canary, known), baseline: armOf(slices.baseline, known) },
    }
  })
}

function onlyOf(isOf: (pod: FleetPod) => boolean, { name, rate }: Called): Called {
  return { name, rate: (pod) => (isOf(pod) ? rate(pod) : 0) }
}

type ArmSum = {
  requests: number
  served: number
  readonly pods: string[]
  readonly known: Map<string, Record<string, number>>
  readonly fresh: Map<string, Record<string, number>>
}

function newArm(): ArmSum {
  return { requests: 0, served: 0, pods: [], known: new Map(), fresh: new Map() }
}

function note(edges: ArmSum['known'], edge: string, pod: string): void {
  edges.set(edge, { ...edges.get(edge), [pod]: 1 })
}

function armOf({ requests, served, pods, known, fresh }: ArmSum, edges: readonly Called[]): ArmSlice {
  const of = ({ name }: Called): [string, KnownEdge] => [
    name,
    { expected: requests, served, pods: known.get(name) ?? {} },
  ]
  return {
    ...(pods.length === 0 ? madeArm({ requests: 0, errors: 0 }, ['none']) : madeArm({ requests, errors: 0 }, pods)),
    edges: {
      ...{ served, calls: known.size + fresh.size, fresh: Object.fromEntries(fresh) },
      known: Object.fromEntries(edges.map(of)),
    },
  }
}
