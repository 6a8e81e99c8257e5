import type { Judge } from '../domain/judge.ts'
import type { CanaryJudgeRequest } from './kayenta/canary-config.ts'
import type { CanaryJudgeResult } from './kayenta/canary-judge-result.ts'
import { judgeKayenta, kayentaJudgeName } from './kayenta/judge-kayenta.ts'
import { openTrial } from './sequential/open-trial.ts'

/** All judges by name; one line each. */
export const judges = {
  sequential: openTrial,
} as const satisfies Readonly<Record<string, Judge>>

/** Judges that see both arms' series once and whole, by the name that canary configs call them; one line each. */
export const batchJudges = {
  [kayentaJudgeName]: judgeKayenta,
} as const satisfies Readonly<Record<string, (request: CanaryJudgeRequest) => CanaryJudgeResult>>
