import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { startFlagger } from '../rig/controllers.ts'
import { shippedManifest } from '../rig/shipped.ts'
import { type Rig, startRig, templateName } from '../rig/start-rig.ts'
import { routeByIngress, startTraffic, type Traffic } from '../rig/traffic.ts'
import { untilSeen } from '../rig/until-seen.ts'
import { type Canary, createCanary } from './canary.ts'

type Webhook = { readonly metadata?: Readonly<Record<string, string>> }
type Example = KubernetesObject & { readonly spec: { readonly analysis: { readonly webhooks: readonly Webhook[] } } }

/** A rig with Flagger, which splits an Ingress. */
export async function startFlaggerRig(): Promise<Rig> {
  const rig = await startRig()
  const { cluster, davy, folder, stack } = rig
  try {
    await startFlagger(cluster, folder, `${davy.url}/integrations/prometheus`, stack)
    return rig
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** A Canary of version 1.0 whose pods answer requests. */
export type Scene = { readonly canary: Canary; readonly traffic: Traffic }

const requestsPerSecond = 150
const enoughRequests = 1500

/** Flagger's shortest, and two steps instead of five, for a scenario that ends. */
const pace = { interval: '10s', stepWeight: 25, maxWeight: 50 }

/** Makes such a scene: the shipped example at another pace, and with the template of the scenarios. */
export async function openScene(rig: Rig, name: string): Promise<Scene> {
  const { cluster, davy, stack } = rig
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const { spec } = shippedManifest<Example>('flagger/canary.yaml', davy)
  const webhooks = spec.analysis.webhooks.map((webhook) => ({
    ...webhook,
    metadata: { ...webhook.metadata, template: templateName },
  }))
  const canary = await createCanary(
    cluster,
    name,
    { ...spec.analysis, ...pace, webhooks },
    join(rig.folder, 'flagger.log'),
  )
  const router = routeByIngress(cluster, name, name)
  const traffic = startTraffic(cluster, davy, { namespace: name, service: name, requestsPerSecond, router }, stack)
  await untilSeen(davy, name, '1.0', enoughRequests)
  return { canary, traffic }
}
