import type { MetricNulls } from '../../../src/domain/null-parameters.ts'
import type { CanaryRun } from './canary-run.ts'
import { davyRollback } from './davy-rollback.ts'
import { flaggerRollback } from './flagger-rollback.ts'
import { kayentaRollback } from './kayenta-rollback.ts'
import { zTestRollback } from './z-test-rollback.ts'

/** What a judge is given besides the run. */
type JudgeSetting = { readonly nulls: MetricNulls; readonly isAskedAlways: boolean }

type SimulatedJudge = {
  readonly title: string
  /** Seconds from the start to the rollback, null when there is none. */
  readonly rollback: (run: CanaryRun, setting: JudgeSetting) => number | null
}

/** All judges that see the same runs, in the order of the tables' columns. */
export const judges = {
  learned: {
    title: 'Davy, learned null',
    rollback: (run, { nulls, isAskedAlways }) => davyRollback(run, nulls, isAskedAlways),
  },
  cold: {
    title: 'Davy, cold start',
    rollback: (run, { isAskedAlways }) => davyRollback(run, {}, isAskedAlways),
  },
  kayenta: { title: 'Kayenta every min', rollback: (run) => kayentaRollback(run, 'every-minute') },
  kayentaAtTheEnd: { title: 'Kayenta at the end', rollback: (run) => kayentaRollback(run, 'at-the-end') },
  flagger: { title: 'Flagger 1%/5', rollback: (run) => flaggerRollback(run) },
  zTest: { title: 'z 1% every min', rollback: (run) => zTestRollback(run) },
} as const satisfies Readonly<Record<string, SimulatedJudge>>

export type JudgeName = keyof typeof judges

export const judgeNames = Object.keys(judges) as readonly JudgeName[]
