import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../check-deploy.ts'

/** Checks manifests against the schemas of Kubernetes and of the operators; says how many there were. */
export function conform({ folder, run, schemas }: Bench, name: string, manifests: string): number {
  if (!existsSync(join(schemas, '_definitions.json'))) throw new Error(`expected schemas in ${schemas}, got none`)
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, manifests)
  const location = `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`
  const said = run('kubeconform', ['-strict', '-summary', '-schema-location', location, file])
  const count = Number(/Valid: (\d+)/.exec(said)?.[1] ?? 0)
  if (count === 0 || !/Skipped: 0/.test(said))
    throw new Error(`${name}: expected every object to be checked, got ${said}`)
  return count
}

/** Judges the pods in manifests by the standard "restricted", with Kubernetes' own code. @returns how many there were. */
export function restricted({ folder, run }: Bench, name: string, manifests: string): number {
  const file = join(folder, `${name}-pods.yaml`)
  writeFileSync(file, manifests)
  const pods = Number(/^pods: (\d+)$/m.exec(run('pod-security-check', [file]))?.[1] ?? 0)
  if (pods === 0) throw new Error(`${name}: expected pods, got none`)
  return pods
}
