/** One side of a comparison, as Kayenta names it: a cohort in a place over a time. */
export type SeriesScope = {
  /** Who: a version, a replica set, an instance group; what it means is the source's to say. */
  readonly scope: string
  /** Where: an environment, a region; '' when nobody says. */
  readonly location: string
  /** Unix milliseconds, `end` exclusive. */
  readonly start: number
  readonly end: number
  readonly stepSeconds: number
  /** More names and values, for the source or for variables in a query. */
  readonly parameters: Readonly<Record<string, string>>
}

/** One metric of one scope, to be read over its window. */
export type SeriesQuery = {
  readonly metricName: string
  /** `query` of the metric in the canary config; its `type` is the source's. */
  readonly query: Readonly<Record<string, unknown>>
  /** Filter templates of the canary config by name. */
  readonly templates: Readonly<Record<string, string>>
  /** The application that the canary is run for; '' when nobody says. */
  readonly application: string
  readonly scope: SeriesScope
}

/** Values at `startAt`, `startAt + stepMs`, …; NaN where there is none. */
export type TaggedSeries = {
  readonly tags: Readonly<Record<string, string>>
  /** Unix milliseconds. */
  readonly startAt: number
  readonly stepMs: number
  readonly values: readonly number[]
}

/** What a source said, and the query that it was asked with, for people. */
export type FetchedSeries = { readonly series: readonly TaggedSeries[]; readonly query: string }

/** What can be asked of a source. */
export type SeriesDescription = { readonly name: string; readonly [field: string]: unknown }

/** An account that whole series of a metric are read from. */
export interface SeriesSource {
  /** What `query.type` has to be. */
  readonly type: string
  /**
   * Why this can never be answered, before anybody asks; null: it can be asked.
   * The sentence names what is expected and what came.
   */
  check(query: SeriesQuery): string | null
  /** The query as the source will ask it. @throws DavyError VALIDATION where `check` has a reason */
  queryText(query: SeriesQuery): string
  /**
   * Everything of the window at once. No series: the source knows nothing of it, which is not the same as zeros.
   * @throws DavyError SOURCE_DOWN or STORAGE_DOWN when a second try may help, any other when it would not.
   */
  fetch(query: SeriesQuery, signal: AbortSignal): Promise<FetchedSeries>
  /**
   * From when on the data before `end` is whole, with everything that had come when it was asked for; null: not yet
   * known. All in Unix milliseconds.
   */
  completeAt(end: number, askedAt: number, now: number): number | null
  /** Metrics whose name contains `filter`, at most `limit`. */
  describe(filter: string, limit: number, signal: AbortSignal): Promise<readonly SeriesDescription[]>
}
