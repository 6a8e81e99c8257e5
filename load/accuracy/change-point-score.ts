/**
 * The F1 of change points against several people's: precision over all points that anybody marked, recall averaged over
 * the people, a point found when a predicted one lies within `margin` positions and serves no other. Everybody, and the
 * prediction too, has a point at 0, so that "never" has a precision and a recall.
 * Source: van den Burg & Williams, "An Evaluation of Change Point Detection Algorithms" (2020), section 3.2.
 *
 * @param annotations each person's change points, 0-based: the first position of the new segment
 */
export function changePointF1(
  annotations: readonly (readonly number[])[],
  predicted: readonly number[],
  margin = 5,
): number {
  const guesses = withStart(predicted)
  const precision = countFound(withStart(annotations.flat()), guesses, margin) / guesses.length
  const recalls = annotations.map((one) => {
    const marked = withStart(one)
    return countFound(marked, guesses, margin) / marked.length
  })
  const recall = mean(recalls)
  return (2 * precision * recall) / (precision + recall)
}

/**
 * How well the predicted segments cover people's: each of a person's segments counts by its length times the best Jaccard
 * overlap that a predicted one has with it; averaged over people. 1 = the same segments, for everybody.
 * Source: as above, section 3.2; Arbeláez et al., "Contour detection and hierarchical image segmentation" (2010).
 *
 * @param length of the series
 */
export function changePointCover(
  annotations: readonly (readonly number[])[],
  predicted: readonly number[],
  length: number,
): number {
  const guesses = segments(predicted, length)
  return mean(
    annotations.map((one) =>
      segments(one, length).reduce(
        (sum, [from, to]) =>
          sum + ((to - from) / length) * Math.max(...guesses.map((guess) => overlap([from, to], guess))),
        0,
      ),
    ),
  )
}

/** Each marked point takes its nearest guess within the margin, the earlier one of two as near, and no guess serves twice. */
function countFound(marked: readonly number[], guesses: readonly number[], margin: number): number {
  const left = new Set(guesses)
  let found = 0
  for (const point of marked) {
    const near = [...left].filter((guess) => Math.abs(point - guess) <= margin)
    if (near.length === 0) continue
    left.delete(near.reduce((best, guess) => (Math.abs(point - guess) < Math.abs(point - best) ? guess : best)))
    found += 1
  }
  return found
}

type Segment = readonly [from: number, to: number]

function segments(changePoints: readonly number[], length: number): Segment[] {
  const starts = withStart(changePoints).filter((point) => point < length)
  return starts.map((from, at) => [from, starts[at + 1] ?? length])
}

function overlap([from, to]: Segment, [otherFrom, otherTo]: Segment): number {
  const shared = Math.min(to, otherTo) - Math.max(from, otherFrom)
  return shared <= 0 ? 0 : shared / (Math.max(to, otherTo) - Math.min(from, otherFrom))
}

function withStart(points: readonly number[]): number[] {
  return [...new Set([0, ...points])].sort((one, other) => one - other)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
