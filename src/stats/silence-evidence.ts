/** How often harmless pods have been silent, and how many pods that history weighs as much as. */
export type SilenceHistory = { readonly share: number; readonly pods: number }

/**
 * log of 1 / P(a harmless pod is silent | history, the baseline pods here), beta-binomial: with a = share x pods silent
 * and b = the rest of the history's pods, n baseline pods of which s are silent, (a + b + n) / (a + s). A silence gives no
 * more than that however long it lasts.
 *
 * @param pods baseline pods, n
 * @param silent silent ones among them, s
 */
export function silenceLogE(pods: number, silent: number, history: SilenceHistory): number {
  return Math.log((history.pods + pods) / (history.share * history.pods + silent))
}
