import { type Slice, standsFor } from '../../domain/evidence.ts'
import { silenceLogE } from '../../stats/silence-evidence.ts'

/** How silent a canary is that should be speaking. */
export type Silence = {
  /** Unix milliseconds: since when nearly nothing has come. */
  readonly since: number
  /**
   * Canary requests that the announced weight made of the baseline's, at the coverage of its worst pod. These and what was
   * delivered are with what sampling left out.
   */
  readonly expected: number
  readonly delivered: number
  /**
   * How much likelier such a silence is from a canary that is broken than from a harmless one. Bounded by how often
   * harmless pods are silent, so it never grows beyond about `(2 + pods) / 0.04`: a policy acts on silence, no proof does.
   */
  readonly eValue: number
}

/** Silence is judged over this long; a shorter hole is the telemetry's, not the canary's. */
const windowMs = 300_000

/** Fewer expected requests than this can be missing by chance, even in clumps. */
const leastExpected = 50

/** More than this share of what was expected is little, and not silence. */
const mostDelivered = 0.1

/** Harmless pods have been seen silent 2% of the time; that history weighs as much as two pods. */
const history = { share: 0.02, pods: 2 }

/** What silence is judged from: the newest slices, as few as cover the window. */
export type SilenceWatch = { observe(slice: Slice): void; read(): Silence | null }

/**
 * Watches whether a canary reports what the announced weight sends to it. Traffic counts as sent only while a weight
 * above zero is announced (`Slice.plannedWeight`) and the baseline answers requests; without either nothing is expected,
 * so a service that is idle on both sides is never silent. Expected are n_b w / (1 - w) requests, times the share of
 * slices in which the baseline's worst-reporting pod reported: telemetry that is lost on both sides is no evidence.
 *
 * Both sides count what their spans stand for: a canary that is sampled more strongly than the baseline is not silent. Of
 * how many spans could have been expected, which is what chance is about, the stronger sampling of both tells.
 */
export function watchSilence(): SilenceWatch {
  let slices: Slice[] = []
  /** How many requests a span of the canary stood for when it last had one; it may have none now. */
  let canaryFactor = 1

  return {
    observe(slice) {
      slices = [...slices, slice].filter(({ to }) => to > slice.to - windowMs)
      const { canary } = slice
      if (canary.requests > 0) canaryFactor = standsFor(canary) / canary.requests
    },
    read() {
      const first = slices[0]
      const last = slices.at(-1)
      if (first === undefined || last === undefined || last.to - first.from < windowMs) return null
      const pods = podReports(slices)
      const coverage = Math.min(1, ...pods.map((reports) => reports / slices.length))
      const expected = coverage * slices.reduce((sum, slice) => sum + expectedRequests(slice), 0)
      const delivered = slices.reduce((sum, { canary }) => sum + standsFor(canary), 0)
      const counted = slices.reduce((sum, { baseline }) => sum + baseline.requests, 0)
      const stoodFor = slices.reduce((sum, { baseline }) => sum + standsFor(baseline), 0)
      const factor = Math.max(canaryFactor, counted === 0 ? 1 : stoodFor / counted)
      const isAlwaysExpected = slices.every(({ plannedWeight }) => (plannedWeight ?? 0) > 0)
      if (!isAlwaysExpected || expected / factor < leastExpected || delivered > mostDelivered * expected) return null
      const silent = pods.filter((reports) => reports <= mostDelivered * slices.length).length
      const eValue = Math.exp(silenceLogE(pods.length, silent, history))
      return { since: first.from, expected, delivered, eValue }
    },
  }
}

function expectedRequests({ plannedWeight = 0, baseline }: Slice): number {
  // At full weight the baseline should get nothing, so what it gets says nothing of the canary.
  return plannedWeight >= 1 ? 0 : (standsFor(baseline) * plannedWeight) / (1 - plannedWeight)
}

/** In how many of the slices each baseline pod reported. */
function podReports(slices: readonly Slice[]): number[] {
  const reports = new Map<string, number>()
  for (const { baseline } of slices) {
    for (const [pod, { requests }] of Object.entries(baseline.pods)) {
      if (requests > 0) reports.set(pod, (reports.get(pod) ?? 0) + 1)
    }
  }
  return [...reports.values()]
}
