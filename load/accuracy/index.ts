import type { DataSet } from './data-set.ts'
import { canaryReleases } from './sets/canary-releases.ts'
import { faultsMultimodal } from './sets/faults-multimodal.ts'
import { kpiChanges } from './sets/kpi-changes.ts'

/** All data sets that can be judged; one line each. */
export const dataSets: readonly DataSet[] = [canaryReleases, faultsMultimodal, kpiChanges]
