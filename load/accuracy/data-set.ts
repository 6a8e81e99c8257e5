import type { DataFolder } from './data-folder.ts'

/** What a data set's judgements are worth; only what applies to the set is there. All shares between 0 and 1. */
export type SetScore = {
  readonly cases: number
  readonly precision?: number | undefined
  readonly recall?: number | undefined
  readonly f1?: number | undefined
  readonly falsePositiveRate?: number | undefined
  readonly auc?: number | undefined
  readonly hitRateAt1?: number | undefined
  readonly hitRateAt3?: number | undefined
  readonly groupingAccuracy?: number | undefined
  /** NAB's own scale: 0 = silent, 100 = perfect. */
  readonly nabStandard?: number | undefined
  readonly changePointF1?: number | undefined
  readonly changePointCover?: number | undefined
  readonly holdShare?: number | undefined
}

/** Published or simpler judges' scores on the same kind of data, for the eye; they are printed and never computed with. */
type Reference = { readonly who: string; readonly score: Omit<SetScore, 'cases'> }

/**
 * One folder of real data. `judge` sees the cases and never the truth: the folder that it is given refuses to open a
 * truth file. `score` then sees both.
 */
export type DataSet<Judged = unknown> = {
  /** The folder's name under the data directory. */
  readonly name: string
  readonly references: readonly Reference[]
  /** @param progress is told how many cases are judged. */
  judge(folder: DataFolder, progress: (done: number, of: number) => void): Judged
  /** @returns scores by the name that is printed: the folder's, or folder/part. */
  score(judged: Judged, folder: DataFolder): Readonly<Record<string, SetScore>>
}

/** Keeps the type of what `judge` hands to `score` inside the set. */
export function dataSet<Judged>(set: DataSet<Judged>): DataSet {
  return {
    ...set,
    score: (judged, folder) => set.score(judged as Judged, folder),
  }
}
