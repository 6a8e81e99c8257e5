import { type Counts, plusCounts, type Slice, stratumOf } from '../../domain/evidence.ts'
import type { Where } from '../../domain/verdict.ts'
import { countsOf } from './strata.ts'

/** More names than this are somebody's ids in routes: they are counted together under one name. */
const mostNames = 1000
const tooMany = '(other)'
const shown = 5

type Both = { canary: Counts; baseline: Counts }

function rate(counts: Counts): number {
  return counts.requests === 0 ? 0 : counts.errors / counts.requests
}

/** Canary errors beyond those that the baseline's rate of the same operation would have made. */
function excess({ canary, baseline }: Both): number {
  return canary.errors - canary.requests * rate(baseline)
}

function ratio({ canary, baseline }: Both): number | null {
  return rate(baseline) === 0 || canary.requests === 0 ? null : rate(canary) / rate(baseline)
}

export type OperationExcess = {
  observe(slice: Slice): void
  /**
   * Where most excess errors are, at most 5: operations, worst first, then the worst region where there are several; those
   * without excess are left out.
   */
  where(): Where[]
  /** The share of all excess errors that the worst operation has; 0 without excess. */
  share(): number
}

/** Where the excess errors are, over everything judged so far. */
export function trackOperationExcess(): OperationExcess {
  const operations = new Map<string, Both>()
  const regions = new Map<string, Both>()

  function add(into: Map<string, Both>, name: string, slice: Slice, stratum: string): void {
    const key = into.has(name) || into.size < mostNames ? name : tooMany
    const both = into.get(key) ?? { canary: { requests: 0, errors: 0 }, baseline: { requests: 0, errors: 0 } }
    into.set(key, {
      canary: plusCounts(both.canary, countsOf(slice.canary.operations, stratum)),
      baseline: plusCounts(both.baseline, countsOf(slice.baseline.operations, stratum)),
    })
  }

  function sorted(among = operations): [string, Both][] {
    return [...among]
      .filter(([, both]) => excess(both) > 0)
      .sort(([a, left], [b, right]) => excess(right) - excess(left) || (a < b ? -1 : 1))
  }

  return {
    observe(slice) {
      const names = new Set([...Object.keys(slice.canary.operations), ...Object.keys(slice.baseline.operations)])
      for (const name of [...names].sort()) {
        const { operation, region } = stratumOf(name)
        add(operations, operation, slice, name)
        if (region !== '') add(regions, region, slice, name)
      }
    },
    where() {
      const told = (attribute: string, found: readonly [string, Both][]): Where[] =>
        found.map(([value, both]) => ({ attribute, value, ratio: ratio(both), ...both }))
      // A region is news only where there is another one that does better.
      const regionsTold = regions.size < 2 ? [] : told('cloud.region', sorted(regions).slice(0, 1))
      return [...told('http.route', sorted().slice(0, shown - regionsTold.length)), ...regionsTold]
    },
    share() {
      const all = sorted().map(([, both]) => excess(both))
      const total = all.reduce((sum, value) => sum + value, 0)
      return total > 0 ? all[0]! / total : 0
    },
  }
}
