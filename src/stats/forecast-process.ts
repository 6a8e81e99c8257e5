import { gridFirst, gridSize, gridStep } from './ratio-grid.ts'
import { addBlock, ratioLogE, ratioPrior } from './ratio-process.ts'

/**
 * log E after each observation of one stream against a forecast: x_t ~ Poisson(mu_t r), "r is above r0", with
 * A_t(l) = (x_t l - mu_t e^l) / phi on the ratio grid and tau the forecast's own error on the log scale.
 * Source: the ratio process with the second stream known instead of observed.
 *
 * @param observations pairs of events and forecast (above 0)
 */
export function forecastLogE(
  observations: readonly (readonly [events: number, forecast: number])[],
  { r0, tau, phi = 1 }: { r0: number; tau: number; phi?: number },
): number[] {
  const prior = ratioPrior(tau)
  let evidence = new Float64Array(gridSize)
  return observations.map(([events, forecast]) => {
    const block = evidence.map((_, j) => {
      const logRatio = Math.log(r0) + (gridFirst + j) * gridStep
      return (events * logRatio - forecast * Math.exp(logRatio)) / phi
    })
    evidence = addBlock(evidence, block) as Float64Array<ArrayBuffer>
    return ratioLogE(evidence, prior)
  })
}
