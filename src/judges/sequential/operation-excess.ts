import type { Counts, Slice } from '../../domain/evidence.ts'
import type { Where } from '../../domain/verdict.ts'
import { countsOf } from './strata.ts'

/** More names than this are somebody's ids in routes: they are counted together under one name. */
const mostNames = 1000
const tooMany = '(other)'
const shown = 5

type Both = { canary: Counts; baseline: Counts }

function plus(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors }
}

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
  /** The operations with most excess errors, at most 5, worst first; those without excess are left out. */
  where(): Where[]
  /** The share of all excess errors that the worst operation has; 0 without excess. */
  share(): number
}

/** Where the excess errors are, over everything judged so far. */
export function trackOperationExcess(): OperationExcess {
  const operations = new Map<string, Both>()

  function sorted(): [string, Both][] {
    return [...operations]
      .filter(([, both]) => excess(both) > 0)
      .sort(([a, left], [b, right]) => excess(right) - excess(left) || (a < b ? -1 : 1))
  }

  return {
    observe(slice) {
      const names = new Set([...Object.keys(slice.canary.operations), ...Object.keys(slice.baseline.operations)])
      for (const name of [...names].sort()) {
        const key = operations.has(name) || operations.size < mostNames ? name : tooMany
        const both = operations.get(key) ?? { canary: { requests: 0, errors: 0 }, baseline: { requests: 0, errors: 0 } }
        operations.set(key, {
          canary: plus(both.canary, countsOf(slice.canary.operations, name)),
          baseline: plus(both.baseline, countsOf(slice.baseline.operations, name)),
        })
      }
    },
    where: () =>
      sorted()
        .slice(0, shown)
        .map(([value, both]) => ({ attribute: 'http.route', value, ratio: ratio(both), ...both })),
    share() {
      const all = sorted().map(([, both]) => excess(both))
      const total = all.reduce((sum, value) => sum + value, 0)
      return total > 0 ? all[0]! / total : 0
    },
  }
}
