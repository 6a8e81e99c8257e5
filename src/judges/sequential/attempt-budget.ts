/** What one attempt may spend on false verdicts. */
export type Budget = { readonly alpha: number; readonly alphaPromote: number }

/**
 * The budget of the k-th attempt of the same change. The first has the template's; the ones after it share as much again,
 * attempt k + 1 getting 6 / (pi^2 k^2) of it, so that pushing until it passes does not work however often it is tried.
 *
 * @param attempt 1 for the first
 */
export function attemptBudget(template: Budget, attempt: number): Budget {
  if (attempt <= 1) return { alpha: template.alpha, alphaPromote: template.alphaPromote }
  const share = 6 / (Math.PI ** 2 * (attempt - 1) ** 2)
  return { alpha: template.alpha * share, alphaPromote: template.alphaPromote * share }
}
