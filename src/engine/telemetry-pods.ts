import { type Arm, resolveArm } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import { mainQuery } from '../domain/template.ts'
import type { RollupReader } from '../storage/rollup-reader.ts'
import type { Window } from './timetable.ts'

/** By arm, in order of name. */
export type ArmPods = Readonly<Record<Arm, readonly string[]>>

/** The pods of each arm that answered requests in a window, as spans tell. */
export async function telemetryPods(
  rollups: Pick<RollupReader, 'totals'>,
  deployment: Deployment,
  { from, to }: Window,
): Promise<ArmPods> {
  const pods = { baseline: new Set<string>(), canary: new Set<string>() }
  for (const row of await rollups.totals([deployment.service], from, to)) {
    const arm = row.pod === '' ? null : resolveArm(row, deployment, deployment)
    if (arm !== null) pods[arm].add(row.pod)
  }
  return { baseline: [...pods.baseline].sort(), canary: [...pods.canary].sort() }
}

/**
 * The pods that sources are asked about: those that the slices named, and where a source counts the requests and slices
 * are made without spans, those that spans name, or nobody could ask that source for pods at all.
 */
export async function podsToAsk(
  rollups: Pick<RollupReader, 'totals'>,
  deployment: Deployment,
  named: ArmPods,
  window: Window,
): Promise<ArmPods> {
  if (mainQuery(deployment.template) === null) return named
  const traced = await telemetryPods(rollups, deployment, window)
  const both = (arm: Arm): readonly string[] => [...new Set([...named[arm], ...traced[arm]])].sort()
  return { baseline: both('baseline'), canary: both('canary') }
}
