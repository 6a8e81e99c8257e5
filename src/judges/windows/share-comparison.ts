import { logWeightedSumExp } from '../../stats/log-weighted-sum-exp.ts'
import { type Share, type ShareLikelihood, shareLikelihood, shareLogE } from '../../stats/share-evidence.ts'
import type { Counted } from './view-window.ts'

/** Judges any window against any others; the likelihoods of a window are computed once. */
export type ShareComparison = { readonly logE: (canary: number, baseline: readonly number[]) => number | null }

/**
 * Compares windows by the shares of requests that have a property: a property that vanishes counts as much as a new one.
 * log E is that of the average over the properties seen in any of all windows, within strata that both sides have.
 */
export function compareShares(windows: readonly Counted[]): ShareComparison {
  const rows: (ShareLikelihood | null)[][] = []
  const likelihoodOf = openLikelihoods()
  const strata = new Set(windows.flatMap((window) => [...window.keys()]))
  for (const stratum of strata) {
    const properties = new Set(windows.flatMap((window) => [...(window.get(stratum)?.having.keys() ?? [])]))
    for (const property of properties) {
      rows.push(
        windows.map((window) => {
          const there = window.get(stratum)
          if (there === undefined) return null
          return likelihoodOf({ count: there.having.get(property) ?? 0, of: there.requests })
        }),
      )
    }
  }
  return {
    logE(canary, baseline) {
      const evidence: number[] = []
      for (const row of rows) {
        const own = row[canary]
        const others = baseline.map((at) => row[at]).filter((one) => one !== null && one !== undefined)
        if (own === null || own === undefined || others.length === 0) continue
        evidence.push(shareLogE(own, others))
      }
      if (evidence.length === 0) return null
      return logWeightedSumExp(new Float64Array(evidence.length).fill(1 / evidence.length), evidence)
    },
  }
}

/** Most properties have the share of another one, all or none above all: each share is computed once. */
function openLikelihoods(): (share: Share) => ShareLikelihood {
  const known = new Map<string, ShareLikelihood>()
  return (share) => {
    const key = `${share.count} ${share.of}`
    const likelihood = known.get(key) ?? shareLikelihood(share)
    known.set(key, likelihood)
    return likelihood
  }
}
