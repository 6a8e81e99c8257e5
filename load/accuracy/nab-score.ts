/** What a hit, a miss and a false alarm weigh. A hit within a window counts tp times its earliness; `tn` weighs nothing. */
export type NabCosts = { readonly tpWeight: number; readonly fnWeight: number; readonly fpWeight: number }

/** One scored series: an anomaly score (any finite scale, the higher the stranger) for each row, and the true windows. */
export type NabFile = {
  /** A row's time as it is written in the file and in the windows. */
  readonly times: readonly string[]
  readonly scores: readonly number[]
  /** First and last time of each window, both included, ascending, not overlapping. */
  readonly windows: readonly (readonly [first: string, last: string])[]
}

type Row = { readonly score: number; readonly window: string | undefined; readonly weight: number }

/**
 * The score of the Numenta Anomaly Benchmark v1.1: one alarm threshold for all files, the best there is, and the raw score
 * at it on the scale 0 = a silent detector .. 100 = every window found at its first row without a false alarm.
 * A window counts its earliest alarm by the scaled sigmoid, or -fnWeight without one; every alarm outside costs up to
 * fpWeight, less so right after a window. The first 15% of a file (750 rows at most) count neither way.
 * Throws on rows without a finite score and on windows whose ends are no rows.
 * Source: Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (2015); numenta/NAB v1.1, nab/sweeper.py.
 */
export function nabScore(files: readonly NabFile[], costs: NabCosts): { score: number; threshold: number } {
  const windows = files.reduce((count, file) => count + file.windows.length, 0)
  if (windows === 0) throw new Error('nabScore: expected at least one window of anomalies, got none')
  const rows = files.flatMap((file, at) => scoredRows(file, String(at), costs))
  rows.sort((one, other) => other.score - one.score)
  const silent = -costs.fnWeight * windows
  const best = bestThreshold(rows, silent, costs.fnWeight)
  return { score: (100 * (best.raw - silent)) / (costs.tpWeight * windows - silent), threshold: best.threshold }
}

/** Goes down the scores: at each threshold everything at or above it is an alarm. */
function bestThreshold(rows: readonly Row[], silent: number, fnWeight: number): { raw: number; threshold: number } {
  const hits = new Map<string, number>()
  let raw = silent
  let best = { raw, threshold: Number.POSITIVE_INFINITY }
  for (const [at, { score, window, weight }] of rows.entries()) {
    if (window === undefined) raw += weight
    else {
      const before = hits.get(window) ?? -fnWeight
      hits.set(window, Math.max(before, weight))
      raw += Math.max(0, weight - before)
    }
    if (rows[at + 1]?.score !== score && raw > best.raw) best = { raw, threshold: score }
  }
  return best
}

/** The rows after the probation, each with what an alarm there adds. */
function scoredRows({ times, scores, windows }: NabFile, file: string, costs: NabCosts): Row[] {
  if (scores.length !== times.length || !scores.every(Number.isFinite)) {
    throw new Error(`nabScore: expected ${times.length} finite scores for file ${file}, got ${scores.length}`)
  }
  const bounds = windows.map(([first, last]) => [rowOf(times, first), rowOf(times, last)] as const)
  const probation = Math.min(Math.floor(0.15 * times.length), 750)
  return scores.map((score, row) => ({ score, ...weighRow(row, bounds, file, costs) })).slice(probation)
}

function weighRow(
  row: number,
  bounds: readonly (readonly [number, number])[],
  file: string,
  { tpWeight, fpWeight }: NabCosts,
): Omit<Row, 'score'> {
  const inside = bounds.findIndex(([first, last]) => first <= row && row <= last)
  if (inside >= 0) {
    const [first, last] = bounds[inside]!
    const position = -(last - row + 1) / (last - first + 1)
    return { window: `${file}/${inside}`, weight: (tpWeight * scaledSigmoid(position)) / scaledSigmoid(-1) }
  }
  const before = bounds.findLast(([, last]) => last < row)
  if (before === undefined) return { window: undefined, weight: -fpWeight }
  const [first, last] = before
  return { window: undefined, weight: fpWeight * scaledSigmoid((row - last) / (last - first)) }
}

/** 1 far ahead of a window's end, 0 at it, -1 far behind. */
function scaledSigmoid(position: number): number {
  return position >= 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1
}

function rowOf(times: readonly string[], time: string): number {
  const row = times.indexOf(time)
  if (row < 0) throw new Error(`nabScore: expected a row at ${time}, an end of a window, found none`)
  return row
}
