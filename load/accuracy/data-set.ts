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

/** A figure that is promised of a set's scores, all cases together. */
export type Goal = {
  /** In a few words. */
  readonly what: string
  /** The name of the score that has the figure. */
  readonly row: string
  readonly figure: Exclude<keyof SetScore, 'cases'>
  readonly limit: { readonly least: number } | { readonly most: number }
}

/** A goal that is named after its row. */
export function goal(what: string, figure: Goal['figure'], limit: Goal['limit'], row: string): Goal {
  return { what: `${row}: ${what}`, row, figure, limit }
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
  /** Its cases are made, not read: it has no folder. */
  readonly isInvented?: true
  readonly references: readonly Reference[]
  readonly goals: readonly Goal[]
  /** @param progress is told how many cases are judged. */
  judge(folder: DataFolder, progress: (done: number, of: number) => void): Judged
  /** @returns scores by the name that is printed: the folder's, or folder/part. */
  score(judged: Judged, folder: DataFolder): Readonly<Record<string, SetScore>>
  /** What was judged, in two parts that nothing was chosen by; [] of a set that is not halved. */
  halve(judged: Judged): readonly Judged[]
}

type DataSetParts<Judged> = Omit<DataSet<Judged>, 'goals' | 'halve'> & Partial<Pick<DataSet<Judged>, 'goals' | 'halve'>>

/** Keeps the type of what `judge` hands to `score` inside the set. A set without goals has none. */
export function dataSet<Judged>(set: DataSetParts<Judged>): DataSet {
  return {
    goals: [],
    ...set,
    score: (judged, folder) => set.score(judged as Judged, folder),
    halve: (judged) => set.halve?.(judged as Judged) ?? [],
  }
}
