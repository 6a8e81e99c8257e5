import type { DataSet } from './data-set.ts'

/** All data sets that can be judged; one line each. */
export const dataSets: readonly DataSet[] = []
