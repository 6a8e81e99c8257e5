import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { startFlagger } from '../rig/controllers.ts'
import { shippedManifest } from '../rig/shipped.ts'
import { type Rig, startRig, templateName } from '../rig/start-rig.ts'
import { routeByIngress, routeEvenly, startTraffic, type Traffic } from '../rig/traffic.ts'
import { untilSeen } from '../rig/until-seen.ts'
import { type Canary, createCanary } from './canary.ts'

type Webhook = { readonly metadata?: Readonly<Record<string, string>> }
/** Of a Canary, as far as it is looked at. */
export type Analysis = { readonly webhooks: readonly Webhook[] }
type Example = KubernetesObject & { readonly spec: { readonly analysis: Analysis } }

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

export type SceneOptions = {
  /** Of the namespace, the Canary and the service. */
  readonly name: string
  /** Where Flagger asks; by default at Davy itself. */
  readonly askedAt?: string
  /** By default `canary`, the weighted one. */
  readonly manifest?: 'canary' | 'blue-green'
  /** Makes another analysis of the scenario's. */
  readonly change?: (analysis: Analysis) => object
}

const requestsPerSecond = 150
const enoughRequests = 1500

/** Flagger's shortest, and two steps instead of five, for a scenario that ends. */
const weightedPace = { interval: '10s', stepWeight: 25, maxWeight: 50 }

/** Flagger's shortest, and as many iterations as the example has. */
const blueGreenPace = { interval: '10s' }

/** Makes such a scene: the shipped example at another pace, and with the template of the scenarios. */
export async function openScene(rig: Rig, options: SceneOptions): Promise<Scene> {
  const { name, askedAt = rig.davy.url, manifest = 'canary', change } = options
  const { cluster, davy, stack } = rig
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const { spec } = shippedManifest<Example>(`flagger/${manifest}.yaml`, { ...davy, url: askedAt })
  const webhooks = spec.analysis.webhooks.map((webhook) => ({
    ...webhook,
    metadata: { ...webhook.metadata, template: templateName },
  }))
  const isWeighted = manifest === 'canary'
  const analysis = { ...spec.analysis, ...(isWeighted ? weightedPace : blueGreenPace), webhooks }
  const canary = await createCanary(
    cluster,
    { name, provider: isWeighted ? 'nginx' : 'kubernetes', analysis: change?.(analysis) ?? analysis },
    join(rig.folder, 'flagger.log'),
  )
  // In blue/green nothing but a load test calls the canary: here it calls all pods alike.
  const router = isWeighted ? routeByIngress(cluster, name, name) : routeEvenly
  const traffic = startTraffic(cluster, davy, { namespace: name, service: name, requestsPerSecond, router }, stack)
  await untilSeen(davy, name, '1.0', enoughRequests)
  return { canary, traffic }
}

type MetricTemplate = KubernetesObject & { readonly spec: object }

/** Applies the shipped MetricTemplate in the scenario's namespace, with its Secret. @param askedAt where Flagger asks. */
export async function applyMetricTemplate(rig: Rig, namespace: string, askedAt: string): Promise<void> {
  const { cluster, davy } = rig
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'davy-token', namespace } }
  await cluster.apply({ ...secret, stringData: { token: davy.tokens.gate } } as KubernetesObject)
  const template = shippedManifest<MetricTemplate>('flagger/metric-template.yaml', { ...davy, url: askedAt })
  await cluster.apply({ ...template, metadata: { name: template.metadata!.name!, namespace } } as KubernetesObject)
}
