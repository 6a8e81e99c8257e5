import { averageLogE, type FamilyEvidence, judgeFamilies } from './judge-views.ts'
import { openViews, type WindowViews } from './view-window.ts'
import type { Windows } from './windows-input.ts'

export type RankedService = {
  readonly service: string
  /** log of the average e-value over its families of evidence; not clamped. 0 without any. */
  readonly logE: number
  /** `calls`: that of its own calls to other services, where these accuse it and not them. */
  readonly families: readonly FamilyEvidence<FamilyEvidence['family'] | 'calls'>[]
  /** The caller that the slow way into this service is held against. */
  readonly explainedBy: string | null
}

/** A way into a service that got slower with an e-value of 10. */
const slowAt = Math.log(10)

type Node = { readonly service: string; readonly families: readonly FamilyEvidence[] }

/**
 * Ranks the services of a system by what a window says against them, next to windows without the change: each by the
 * same families of evidence as {@link judgeViews}, on average. Who calls whom is read from the spans.
 *
 * The way into a service is measured between its caller's span and its own, so it accuses both. One rule tells them
 * apart: when the ways from a caller to more than half of its callees, and to more than one, got slower, it is the
 * caller that is slow. The ways then count for it, as the average e-value over all its callees, and the slow ones no
 * longer for those callees.
 *
 * @returns all services of any window, the likeliest first; ties by name
 * @throws Error when a span is its own ancestor
 */
export function rankServices({ canary, baseline }: Windows): RankedService[] {
  const views = [canary, ...baseline].map(openViews)
  const services = [...new Set(views.flatMap((one) => [...one.services]))].sort()
  const nodes = services.map((service): Node => {
    const [own, ...others] = views.map(({ viewOf }) => viewOf(service))
    return { service, families: judgeFamilies(own!, others) }
  })
  const slow = slowCallers(nodes, views)
  return nodes.map((node) => rankedService(node, slow)).sort((a, b) => b.logE - a.logE)
}

/** A caller with slow ways to most of its callees, which are those in `callees`. */
type SlowCaller = { readonly caller: string; readonly callees: ReadonlySet<string>; readonly evidence: RankedEvidence }
type RankedEvidence = RankedService['families'][number]

function slowCallers(nodes: readonly Node[], views: readonly WindowViews[]): SlowCaller[] {
  return nodes.flatMap(({ service: caller }) => {
    const called = new Set(views.flatMap((view) => [...(view.callees.get(caller) ?? [])]))
    const ways = nodes
      .filter(({ service }) => called.has(service))
      .flatMap(({ service, families }) => families.filter(isWay).map(({ logE, kept }) => ({ service, logE, kept })))
    const slow = ways.filter(({ logE }) => logE >= slowAt)
    if (slow.length < 2 || slow.length <= ways.length / 2) return []
    const kept = ways.reduce((fewest, way) => (way.kept.length < fewest.length ? way.kept : fewest), ways[0]!.kept)
    const evidence = { family: 'calls', logE: averageLogE(ways.map(({ logE }) => logE)), kept } as const
    return [{ caller, callees: new Set(slow.map(({ service }) => service)), evidence }]
  })
}

function isWay({ family }: RankedEvidence): boolean {
  return family === 'net'
}

function rankedService({ service, families }: Node, slow: readonly SlowCaller[]): RankedService {
  const own = slow.find(({ caller }) => caller === service)
  const explaining = slow.find(({ callees }) => callees.has(service))
  const ranked: readonly RankedEvidence[] = [
    ...families.filter((one) => explaining === undefined || !isWay(one)),
    ...(own === undefined ? [] : [own.evidence]),
  ]
  return {
    service,
    logE: averageLogE(ranked.map(({ logE }) => logE)),
    families: ranked,
    explainedBy: explaining?.caller ?? null,
  }
}
