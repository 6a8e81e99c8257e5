import type { Arm } from '../domain/cohort.ts'
import type { SourceQuestion } from '../domain/metric-source.ts'
import { unasked } from './arm-text.ts'

/** A part of a query as it is asked about one arm. */
export type FilledPart<Filled> = { readonly arm: Arm; readonly part: string; readonly filled: Filled }

/**
 * The parts of a query for each arm that can be asked about.
 * @param fill a part with its variables filled in; null: of this arm nothing can be asked yet
 * @throws DavyError SOURCE_DOWN for arms that would be asked the same, and as `fill` does
 */
export function filledParts<Part extends { readonly part: string }, Filled>(
  { deployment, metric }: SourceQuestion,
  system: string,
  parts: readonly Part[],
  fill: (part: Part, arm: Arm) => Filled | null,
): readonly FilledPart<Filled>[] {
  const [baseline, canary] = (['baseline', 'canary'] as const).map((arm): readonly FilledPart<Filled>[] => {
    // Who it is asked about is not known yet, so nothing is known of it either.
    if (deployment[arm] === null) return []
    const filled = parts.map((part) => ({ arm, part: part.part, filled: fill(part, arm) }))
    return filled.every(isFilled) ? filled : []
  })
  const texts = new Set(baseline!.map(({ filled }) => JSON.stringify(filled)))
  const both = canary!.map(({ filled }) => JSON.stringify(filled)).find((text) => texts.has(text))
  if (both !== undefined) {
    const reason = `both arms are asked the same, so they are not told apart: ${both.slice(0, 300)}`
    throw unasked(system, metric.name, reason)
  }
  return [...baseline!, ...canary!]
}

function isFilled<Filled>(part: FilledPart<Filled | null>): part is FilledPart<Filled> {
  return part.filled !== null
}
