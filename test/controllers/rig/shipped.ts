import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node'
import type { DavyServer } from './davy-server.ts'

const folder = resolve(import.meta.dirname, '../../../deploy')

/** Where the shipped manifests say that Davy is, and with which token in the address. */
const shippedHost = 'davy.davy.svc:8080'
const shippedToken = 'flagger:TOKEN@'

/**
 * The one document of a shipped manifest, such as `argo-rollouts/gate.yaml`, with Davy's address and the token in it
 * replaced by those that there are.
 */
export function shippedManifest<T extends KubernetesObject>(
  file: string,
  { url, tokens }: Pick<DavyServer, 'url' | 'tokens'>,
): T {
  const text = readFileSync(resolve(folder, file), 'utf8')
  const own = text.replaceAll(shippedToken, `flagger:${tokens.gate}@`).replaceAll(shippedHost, new URL(url).host)
  const [only, ...others] = loadAllYaml(own) as T[]
  if (only === undefined || others.length > 0) throw new Error(`expected one document in deploy/${file}`)
  return only
}
