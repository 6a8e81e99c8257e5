import { percentile } from '../../stats/percentile.ts'
import { type Share, shareLikelihood, shareLogE } from '../../stats/share-evidence.ts'
import type { Levels } from './view-window.ts'

/** Up to here a canary's values may be higher without being evidence. */
const margin = 0.1

/** What is exceeded: slower than nine of ten, so that few slow requests show as much as all of them. */
const percentExceeded = 90

/**
 * log E for "the canary's values are more than 10% higher": the share of them that exceed 1.1 times the 90% quantile of
 * the baseline windows' values of their stratum, against the same share of every baseline window. The window is the
 * unit, not the value: how much such shares differ between windows without a change is learned from the baseline
 * windows. Only more exceedances are evidence; fewer give at most E = 1.
 *
 * @returns null without a stratum that both sides have
 */
export function levelLogE(canary: Levels, baseline: readonly Levels[]): number | null {
  const limits = new Map<string, number>()
  for (const stratum of canary.keys()) {
    const values = baseline.flatMap((window) => window.get(stratum) ?? [])
    values.sort((a, b) => a - b)
    if (values.length > 0) limits.set(stratum, percentile(values, percentExceeded) * (1 + margin))
  }
  const own = exceedances(canary, limits)
  const others = baseline.map((window) => exceedances(window, limits)).filter(({ of }) => of > 0)
  if (own.of === 0 || others.length === 0) return null
  const logE = shareLogE(shareLikelihood(own), others.map(shareLikelihood))
  const usual = sum(others, ({ count }) => count) / sum(others, ({ of }) => of)
  return own.count / own.of > usual ? logE : Math.min(0, logE)
}

function exceedances(window: Levels, limits: ReadonlyMap<string, number>): Share {
  let count = 0
  let of = 0
  for (const [stratum, limit] of limits) {
    for (const value of window.get(stratum) ?? []) {
      of += 1
      if (value > limit) count += 1
    }
  }
  return { count, of }
}

function sum<Item>(items: readonly Item[], read: (item: Item) => number): number {
  return items.reduce((total, item) => total + read(item), 0)
}
