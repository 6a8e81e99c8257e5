import type { Judge } from '../domain/judge.ts'
import { anomaliesJudge } from './anomaly/anomalies-judge.ts'
import type { CanaryJudgeRequest } from './kayenta/canary-config.ts'
import type { CanaryJudgeResult } from './kayenta/canary-judge-result.ts'
import { davyJudgeName, judgeDavy } from './kayenta/judge-davy.ts'
import { judgeKayenta, kayentaJudgeName } from './kayenta/judge-kayenta.ts'
import { logTemplatesJudge } from './log-templates/log-templates-judge.ts'
import { replicatesJudge } from './replicates/replicates-judge.ts'
import { rolloutJudge, rolloutsJudge } from './rollout/rollout-judge.ts'
import { rootCauseJudge } from './root-cause/root-cause-judge.ts'
import { changePointsJudge } from './segmentation/change-points-judge.ts'
import { openTrial } from './sequential/open-trial.ts'
import type { SeriesJudge, SeriesJudgement } from './series-judge.ts'
import { changeJudge } from './uncontrolled/change-judge.ts'
import { windowCausesJudge } from './windows/window-causes-judge.ts'
import { windowsJudge } from './windows/windows-judge.ts'

/** All judges by name; one line each. */
export const judges = {
  sequential: openTrial,
} as const satisfies Readonly<Record<string, Judge>>

/** Judges that see both arms' series once and whole, by the name that canary configs call them; one line each. */
export const batchJudges = {
  [kayentaJudgeName]: judgeKayenta,
  [davyJudgeName]: judgeDavy,
} as const satisfies Readonly<Record<string, (request: CanaryJudgeRequest) => CanaryJudgeResult>>

/** Judges of measured series, by the name that API and command line call them; one line each. */
export const seriesJudges = {
  rollout: rolloutJudge,
  rollouts: rolloutsJudge,
  windows: windowsJudge,
  'window-causes': windowCausesJudge,
  replicates: replicatesJudge,
  change: changeJudge,
  'root-cause': rootCauseJudge,
  anomalies: anomaliesJudge,
  'change-points': changePointsJudge,
  'log-templates': logTemplatesJudge,
} as const satisfies Readonly<Record<string, SeriesJudge<never, SeriesJudgement>>>
