import { inputFault } from '../series-judge.ts'
import type { Point, RolloutInput } from './rollout-input.ts'
import type { RolloutPolicy } from './rollout-policy.ts'

/**
 * Checks what a schema cannot say: pods that are there once, series of known pods and metrics, ascending times.
 * @param where JSON pointer of the rollout.
 * @throws DavyError UNPROCESSABLE
 */
export function checkRollout({ pods, series, mesh }: RolloutInput, policy: RolloutPolicy, where: string): void {
  const names = new Set<string>()
  for (const [at, { name }] of pods.entries()) {
    if (names.has(name)) throw inputFault(`${where}/pods/${at}/name`, 'a name that no other pod has', quoted(name))
    names.add(name)
  }
  for (const [at, one] of series.entries()) {
    const here = `${where}/series/${at}`
    if (!names.has(one.pod)) throw inputFault(`${here}/pod`, 'the name of a pod of the rollout', quoted(one.pod))
    if (!Object.hasOwn(policy.metrics, one.metric)) {
      const known = Object.keys(policy.metrics).join(', ')
      throw inputFault(`${here}/metric`, `one of ${known}, or a metric of policy.metrics`, quoted(one.metric))
    }
    checkTimes(one.points, here)
  }
  for (const [at, { points }] of mesh.entries()) checkTimes(points, `${where}/mesh/${at}`)
}

function checkTimes(points: readonly Point[], where: string): void {
  for (let at = 1; at < points.length; at++) {
    const [before, { at: time }] = [points[at - 1]!.at, points[at]!]
    if (!(time > before)) throw inputFault(`${where}/points/${at}/at`, `a time after ${before}`, String(time))
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 60))
}
