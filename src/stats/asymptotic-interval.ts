/**
 * Half-widths, around the mean of t independent observations, of an asymptotic confidence sequence of level 1 - alpha:
 *
 *     two-sided  sd sqrt(2 (t r + 1) / (t^2 r) log(sqrt(t r + 1) / alpha))
 *     one-sided  sd sqrt(2 (t r + 1) / (t^2 r) log(1 + sqrt(t r + 1) / (2 alpha)))
 *
 * Valid for large t only, and only without correlation and without effects of pods: raw minutes of one canary pod gave
 * 13% false alarms at a nominal 1%. So it is for pictures, and for data that {@link gaugeProcess} has whitened.
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence
 * sequences" (2024).
 *
 * @param t observations, at least 1
 * @param sd their standard deviation
 * @param rho2 tightness: the sequence is tightest at about t = 10 / rho2 for usual alpha
 */
export function asymptoticHalfWidths(
  t: number,
  sd: number,
  rho2: number,
  alpha: number,
): { readonly twoSided: number; readonly oneSided: number } {
  const grown = t * rho2 + 1
  const scale = (2 * grown) / (t ** 2 * rho2)
  return {
    twoSided: sd * Math.sqrt(scale * Math.log(Math.sqrt(grown) / alpha)),
    oneSided: sd * Math.sqrt(scale * Math.log1p(Math.sqrt(grown) / (2 * alpha))),
  }
}
