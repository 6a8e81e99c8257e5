import { logWeightedSumExp } from '../../stats/log-weighted-sum-exp.ts'
import { cpuLogE } from './cpu-evidence.ts'
import { levelLogE } from './level-evidence.ts'
import { type Compare, screenBaseline } from './screen-baseline.ts'
import { compareShares } from './share-comparison.ts'
import type { WindowView } from './view-window.ts'

/** The families of evidence: calls into the service, its own work, its CPU, its log messages, its inner steps, its callers' steps. */
const familyNames = ['net', 'self', 'cpu', 'log', 'steps', 'callers'] as const
type FamilyName = (typeof familyNames)[number]

/** What one family says; `kept` are the baseline windows it was compared with, by their numbers. */
export type FamilyEvidence<Family extends string = FamilyName> = {
  readonly family: Family
  readonly logE: number
  readonly kept: readonly number[]
}

export type WindowsJudgement = {
  readonly decision: 'promote' | 'hold' | 'rollback'
  readonly reason: 'regression' | 'no-regression' | 'suspicious' | 'not-enough-evidence'
  /** log of the average e-value over the families that are present; not clamped, for ranking. 0 without any. */
  readonly logE: number
  readonly families: readonly FamilyEvidence[]
}

/** Below three windows nobody knows how much windows differ without a change. */
const enoughWindows = 3
const rollbackAt = Math.log(100)
/** What a comparison with fewer windows has to show: as much as three independent proofs. */
const overwhelmingAt = 3 * rollbackAt
const promoteBelow = Math.log(10)

/**
 * Judges a service's canary window against up to six windows without the change.
 *
 * Every family of evidence gives an e-value, after leaving out the baseline windows that it finds unlike the others;
 * the total is the average over the families that both sides have data for: a missing modality is neutral, it neither
 * convicts nor acquits. Rollback at E >= 100, to which a family adds only if it was compared with at least three
 * windows; else the scatter between windows is unknown, and everything below E = 1e6 is `not-enough-evidence`. So is a
 * canary without a single request seen where three baseline windows have some: it is not promoted on its CPU alone.
 *
 * The e-values learn the scatter from few windows, so they are approximate: no alarm-grade guarantee.
 *
 * @param baseline 1 to 6 windows
 * @throws RangeError on another number of baseline windows
 */
export function judgeViews(canary: WindowView, baseline: readonly WindowView[]): WindowsJudgement {
  if (baseline.length < 1 || baseline.length > 6) {
    throw new RangeError(`judgeViews: expected 1 to 6 baseline windows, got ${baseline.length}`)
  }
  const families = judgeFamilies(canary, baseline)
  const isBlind = canary.self === null && baseline.filter(({ self }) => self !== null).length >= enoughWindows
  return { ...decide(families, isBlind), logE: averageLogE(families.map(({ logE }) => logE)), families }
}

/** What each family says that both sides have data for. @param baseline 1 to 6 windows */
export function judgeFamilies(canary: WindowView, baseline: readonly WindowView[]): FamilyEvidence[] {
  return familyNames.flatMap((family) => judgeFamily(family, [canary, ...baseline]))
}

/** log of the average e-value, 0 of none. */
export function averageLogE(logEs: readonly number[]): number {
  if (logEs.length === 0) return 0
  return logWeightedSumExp(new Float64Array(logEs.length).fill(1 / logEs.length), logEs)
}

function decide(families: readonly FamilyEvidence[], isBlind: boolean): Pick<WindowsJudgement, 'decision' | 'reason'> {
  const isEnough = ({ kept }: FamilyEvidence) => kept.length >= enoughWindows
  const proven = averageLogE(families.map((one) => (isEnough(one) ? one.logE : Math.min(0, one.logE))))
  const claimed = averageLogE(families.map(({ logE }) => logE))
  if (proven >= rollbackAt || claimed >= overwhelmingAt) return { decision: 'rollback', reason: 'regression' }
  if (isBlind || !families.some(isEnough)) return { decision: 'hold', reason: 'not-enough-evidence' }
  if (claimed >= promoteBelow) return { decision: 'hold', reason: 'suspicious' }
  return { decision: 'promote', reason: 'no-regression' }
}

function judgeFamily(family: FamilyName, views: readonly WindowView[]): FamilyEvidence[] {
  const present = views.flatMap((view, at) => (view[family] === null ? [] : [at]))
  const [first, ...baseline] = present
  if (first !== 0 || baseline.length === 0) return []
  const compare = comparisonOf(family, views)
  const kept = screenBaseline(baseline, compare)
  const logE = compare(0, kept)
  return logE === null ? [] : [{ family, logE, kept: kept.map((at) => at - 1) }]
}

/** Only ever asked about windows that have the family. */
function comparisonOf(family: FamilyName, views: readonly WindowView[]): Compare {
  if (family === 'cpu') {
    return (canary, baseline) =>
      cpuLogE(
        views[canary]!.cpu!,
        baseline.map((at) => views[at]!.cpu!),
      )
  }
  if (family === 'net' || family === 'self') {
    return (canary, baseline) =>
      levelLogE(
        views[canary]![family]!,
        baseline.map((at) => views[at]![family]!),
      )
  }
  return compareShares(views.map((view) => view[family] ?? new Map())).logE
}
