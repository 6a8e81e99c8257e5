import type { DataSet } from './data-set.ts'
import { canaryReleases } from './sets/canary-releases.ts'
import { changePoints } from './sets/change-points.ts'
import { faultsMultimodal } from './sets/faults-multimodal.ts'
import { inventedLogs } from './sets/invented-logs.ts'
import { jvmAa } from './sets/jvm-aa.ts'
import { kpiChanges } from './sets/kpi-changes.ts'
import { loghub } from './sets/loghub.ts'
import { nab } from './sets/nab.ts'
import { petshop } from './sets/petshop.ts'

/** All data sets that can be judged; one line each. */
export const dataSets: readonly DataSet[] = [
  canaryReleases,
  faultsMultimodal,
  kpiChanges,
  petshop,
  jvmAa,
  loghub,
  inventedLogs,
  nab,
  changePoints,
]
