import type { ArmSlice, Counts, Slice } from '../../domain/evidence.ts'
import type { Stratum } from '../../stats/ratio-process.ts'

/** So many operations are compared one by one; the others together. */
const room = 20

type Tally = { xc: number; nc: number; xb: number; nb: number }

function tally(): Tally {
  return { xc: 0, nc: 0, xb: 0, nb: 0 }
}

const nothing: Counts = { requests: 0, errors: 0 }

function addCounts(into: Tally, canary: Counts, baseline: Counts): void {
  into.xc += canary.errors
  into.nc += canary.requests
  into.xb += baseline.errors
  into.nb += baseline.requests
}

/** One operation's counts; a name like 'constructor' must not find what every object has. */
export function countsOf(operations: ArmSlice['operations'], name: string): Counts {
  return Object.hasOwn(operations, name) ? operations[name]! : nothing
}

/** Requests of operations that the sender did not name, so that strata always add up to the arm. */
function unnamed(arm: ArmSlice): Counts {
  let requests = arm.requests
  let errors = arm.errors
  for (const counts of Object.values(arm.operations)) {
    requests -= counts.requests
    errors -= counts.errors
  }
  return { requests: Math.max(0, requests), errors: Math.max(0, errors) }
}

export type Strata = {
  /** Splits one slice; the open block grows by it. Returns the slice's own strata. */
  observe(slice: Slice): Stratum[]
  /** The open block so far. */
  open(): Stratum[]
  closeBlock(): void
}

/**
 * Splits both arms by operation, so that a different mix of operations is not taken for a different error rate.
 *
 * An operation gets a stratum of its own from the slice on in which it has been seen in both arms, in order of requests,
 * then name, while there is room; the rest of those is 'other'. Which stratum a request falls into depends on requests
 * only, never on errors, and never on later slices.
 *
 * Operations of one arm only cannot be compared like for like, and leaving them out would hide a canary that fails under
 * a new name (no route matched, a renamed path). Their errors are one more stratum, counted per request of the whole arm.
 */
export function trackStrata(): Strata {
  const seenCanary = new Set<string>()
  const seenBaseline = new Set<string>()
  const own = new Map<string, Tally>()
  let other = tally()
  let unpaired = tally()

  function join(names: readonly string[], slice: Slice): void {
    const fresh = names.filter((name) => !own.has(name) && seenCanary.has(name) && seenBaseline.has(name))
    if (own.size >= room || fresh.length === 0) return
    const requests = (name: string): number =>
      countsOf(slice.canary.operations, name).requests + countsOf(slice.baseline.operations, name).requests
    fresh.sort((a, b) => requests(b) - requests(a) || (a < b ? -1 : 1))
    for (const name of fresh.slice(0, room - own.size)) own.set(name, tally())
  }

  function note(slice: Slice): string[] {
    for (const [name, counts] of Object.entries(slice.canary.operations)) {
      if (counts.requests > 0) seenCanary.add(name)
    }
    for (const [name, counts] of Object.entries(slice.baseline.operations)) {
      if (counts.requests > 0) seenBaseline.add(name)
    }
    return [...new Set([...Object.keys(slice.canary.operations), ...Object.keys(slice.baseline.operations)])].sort()
  }

  return {
    observe(slice) {
      const names = note(slice)
      join(names, slice)
      const parts = new Map<Tally, Tally>()
      const add = (stratum: Tally, canary: Counts, baseline: Counts): void => {
        addCounts(stratum, canary, baseline)
        const part = parts.get(stratum) ?? tally()
        addCounts(part, canary, baseline)
        parts.set(stratum, part)
      }
      add(other, unnamed(slice.canary), unnamed(slice.baseline))
      for (const name of names) {
        const canary = countsOf(slice.canary.operations, name)
        const baseline = countsOf(slice.baseline.operations, name)
        const stratum = own.get(name)
        if (stratum !== undefined) add(stratum, canary, baseline)
        else if (seenCanary.has(name) && seenBaseline.has(name)) add(other, canary, baseline)
        else add(unpaired, { requests: 0, errors: canary.errors }, { requests: 0, errors: baseline.errors })
      }
      add(unpaired, { requests: slice.canary.requests, errors: 0 }, { requests: slice.baseline.requests, errors: 0 })
      return [...parts.values()]
    },
    open: () => [...own.values(), other, unpaired],
    closeBlock() {
      for (const name of own.keys()) own.set(name, tally())
      other = tally()
      unpaired = tally()
    },
  }
}
