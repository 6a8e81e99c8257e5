/** The information about a log-ratio in so many events (or events per second) of each arm: 1 / (phi (1/c + 1/b)). */
export function ratioInformation(canaryEvents: number, baselineEvents: number, phi: number): number {
  return canaryEvents > 0 && baselineEvents > 0 ? 1 / (phi * (1 / canaryEvents + 1 / baselineEvents)) : 0
}

/** Twice the log-evidence that is needed: the threshold and what the slab costs at distance D and information I. */
function neededEvidence(distance: number, information: number, alpha: number): number {
  const cost = 0.5 * Math.log(information / (2 * Math.PI)) + Math.log(0.35 * Math.PI * (1 + (distance / 0.7) ** 2))
  return 2 * (Math.log(1 / alpha) + Math.max(0, cost))
}

/**
 * About the information at which the ratio process reaches 1 / alpha when the true log-ratio lies `distance` above the
 * null: I = 1 / (D^2 / z2 - tau^2), z2 = 2 (log(1/alpha) + c), with c the cost of the mixture, by iteration. null when
 * pod effects of sd `tau` hide that distance for good. Divided by the information per second it is a time, within -30%
 * and +50% of simulated medians.
 * Source: Laplace approximation of the mixture; Robbins & Siegmund (1974) for the order of the boundary.
 *
 * @param alpha of this metric: the budget times the metric's weight
 */
export function informationNeeded(distance: number, tau: number, alpha: number): number | null {
  if (!(distance > 0)) return null
  let information = 10 / distance ** 2
  for (let i = 0; i < 8; i++) {
    const left = distance ** 2 / neededEvidence(distance, information, alpha) - tau ** 2
    if (!(left > 0)) return null
    information = 1 / left
  }
  return information
}

/**
 * About the smallest ratio that a process with null ratio `r0` reliably shows with the information so far:
 * r0 exp(sqrt(z2) sqrt(tau^2 + 1/I)), z2 at the distance itself. null without information.
 *
 * @param informationAt information as a function of the true ratio: a worse canary has more events
 */
export function smallestDetectableRatio(
  r0: number,
  tau: number,
  alpha: number,
  informationAt: (ratio: number) => number,
): number | null {
  let distance = 1
  for (let i = 0; i < 12; i++) {
    const information = informationAt(r0 * Math.exp(distance))
    if (!(information > 0)) return null
    // Beyond e^6 a ratio is no longer a forecast; the cap also keeps the iteration from running away.
    distance = Math.min(6, Math.sqrt(neededEvidence(distance, information, alpha) * (tau ** 2 + 1 / information)))
  }
  return r0 * Math.exp(distance)
}
