import type { Counted, WindowView } from '../../src/judges/windows/view-window.ts'
import { percentile } from '../../src/stats/percentile.ts'

/** Shares of fewer requests say nothing. */
const leastRequests = 3

/** With fewer other minutes nobody knows what is usual. */
const leastMinutes = 3

/** The fault shows in a property when the faulty minute has it in so many requests more, or fewer, than usual. */
const clearDifference = 0.5

/** Slow is what takes so many times as long as half of the requests do. */
const slowFactor = 2

/**
 * Is a minute that is labelled fault-free mislabelled? It is when its shares of requests are nearer to the faulty minute
 * that follows it on the same service than to what is usual, over all properties of a request by which that faulty
 * minute differs from the usual by half of the requests or more.
 *
 * Properties are the messages that a request writes, its inner steps and calls, its caller's, and being slow by itself
 * or on the way. Usual is the median share of the other fault-free minutes. No e-value and no decision of a judge has a
 * say in it. Why there are such minutes: faults were injected some seconds before the time that their label gives.
 *
 * @param others the fault-free minutes that the minute is compared with
 */
export function isMislabelled(minute: WindowView, faulty: WindowView, others: readonly WindowView[]): boolean {
  const limits = slowLimits(others)
  const own = propertiesOf(minute, limits)
  const wrong = propertiesOf(faulty, limits)
  const usual = others.map((view) => propertiesOf(view, limits))
  let toFaulty = 0
  let toUsual = 0
  for (const [stratum, property] of allProperties([wrong, ...usual])) {
    const [ownShare, wrongShare] = [own, wrong].map((one) => shareOf(one, stratum, property))
    const usualShares = usual.map((one) => shareOf(one, stratum, property)).filter((share) => share !== undefined)
    if (ownShare === undefined || wrongShare === undefined || usualShares.length < leastMinutes) continue
    const usualShare = median(usualShares)
    if (Math.abs(wrongShare - usualShare) < clearDifference) continue
    toFaulty += Math.abs(ownShare - wrongShare)
    toUsual += Math.abs(ownShare - usualShare)
  }
  return toFaulty < toUsual
}

const durations = ['net', 'self'] as const

/** What is slow, in microseconds, by stratum. */
function slowLimits(views: readonly WindowView[]): Map<string, number> {
  const values = new Map<string, number[]>()
  for (const view of views) {
    for (const family of durations) {
      for (const [operation, some] of view[family] ?? []) {
        const stratum = `${family} ${operation}`
        values.set(stratum, [...(values.get(stratum) ?? []), ...some])
      }
    }
  }
  return new Map([...values].map(([stratum, all]) => [stratum, slowFactor * median(all)]))
}

function propertiesOf(view: WindowView, limits: ReadonlyMap<string, number>): Counted {
  const counted = (['log', 'steps', 'callers'] as const).flatMap((family) =>
    [...(view[family] ?? [])].map(([operation, one]) => [`${family} ${operation}`, one] as const),
  )
  const slow = durations.flatMap((family) =>
    [...(view[family] ?? [])].map(([operation, values]) => {
      const stratum = `${family} ${operation}`
      const limit = limits.get(stratum) ?? Infinity
      const count = values.filter((value) => value > limit).length
      return [stratum, { requests: values.length, having: new Map([['slow', count]]) }] as const
    }),
  )
  return new Map([...counted, ...slow])
}

function allProperties(all: readonly Counted[]): [stratum: string, property: string][] {
  const properties = new Map<string, Set<string>>()
  for (const counted of all) {
    for (const [stratum, { having }] of counted) {
      const known = properties.get(stratum) ?? new Set()
      for (const property of having.keys()) known.add(property)
      properties.set(stratum, known)
    }
  }
  return [...properties].flatMap(([stratum, some]) =>
    [...some].map((property): [string, string] => [stratum, property]),
  )
}

function shareOf(counted: Counted, stratum: string, property: string): number | undefined {
  const there = counted.get(stratum)
  if (there === undefined || there.requests < leastRequests) return undefined
  return (there.having.get(property) ?? 0) / there.requests
}

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  )
}
