import type { KubernetesObject } from '@kubernetes/client-node'
import { startArgoRollouts } from '../rig/controllers.ts'
import { shippedManifest } from '../rig/shipped.ts'
import { type Rig, startRig, templateName } from '../rig/start-rig.ts'
import { routeEvenly, startTraffic, type Traffic, type TrafficOptions } from '../rig/traffic.ts'
import { untilSeen } from '../rig/until-seen.ts'
import { createRollout, type Rollout, type Step, type Strategy } from './rollout.ts'

type Template = KubernetesObject & { readonly spec: { readonly metrics: readonly object[] } }
type Example = KubernetesObject & { readonly spec: { readonly strategy: { readonly canary: Strategy } } }

const argoNamespace = 'argo-rollouts'

/** A rig with the Argo Rollouts controller, the shipped analysis templates and the shipped notifications. */
export async function startArgoRig(): Promise<Rig> {
  const rig = await startRig()
  const { cluster, davy, folder, stack } = rig
  try {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: argoNamespace } })
    await createSecret(rig, argoNamespace, 'argo-rollouts-notification-secret', { 'davy-token': davy.tokens.gate })
    await cluster.apply(shippedManifest('argo-rollouts/notifications.yaml', davy))
    await startArgoRollouts(cluster, folder, stack)
    for (const file of ['gate', 'watch']) await cluster.apply(shippedManifest(`argo-rollouts/${file}.yaml`, davy))
    return rig
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function createSecret(rig: Rig, namespace: string, name: string, stringData: Record<string, string>) {
  const metadata = { name, namespace }
  await rig.cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData } as KubernetesObject)
}

/** Applies the shipped gate under another name, with nothing changed but this in its one metric. */
export async function applyChangedGate(rig: Rig, name: string, change: object): Promise<void> {
  const gate = shippedManifest<Template>('argo-rollouts/gate.yaml', rig.davy)
  const metrics = gate.spec.metrics.map((metric) => ({ ...metric, ...change }))
  await rig.cluster.apply({ ...gate, metadata: { name }, spec: { ...gate.spec, metrics } } as KubernetesObject)
}

/** A Rollout of version 1.0 whose ten pods answer requests. */
export type Scene = { readonly rollout: Rollout; readonly traffic: Traffic }

export type SceneOptions = {
  /** Of the namespace, the Rollout and the service. */
  readonly name: string
  /** Per cent; at each there is a gate. */
  readonly weights: readonly number[]
  /** By default the shipped one. */
  readonly gate?: string
  /** How long telemetry that Davy did not take is sent again; by default as an SDK does it. */
  readonly keepsMs?: number
  /** Where Argo asks; by default at Davy itself. */
  readonly askedAt?: string
}

const requestsPerSecond = 150
const enoughRequests = 1500

/** Makes such a scene: the shipped example with other weights, and with the template of the scenarios. */
export async function openScene(rig: Rig, options: SceneOptions): Promise<Scene> {
  const example = shippedManifest<Example>('argo-rollouts/rollout.yaml', rig.davy)
  await prepareNamespace(rig, options.name)
  const strategy = strategyOf(example.spec.strategy.canary, options)
  return firstVersion(rig, options.name, example, strategy, options.keepsMs)
}

async function prepareNamespace(rig: Rig, name: string): Promise<void> {
  await rig.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await createSecret(rig, name, 'davy-token', { token: rig.davy.tokens.gate })
}

async function firstVersion(
  rig: Rig,
  name: string,
  example: Example,
  strategy: Strategy,
  keepsMs?: number,
): Promise<Scene> {
  const { cluster, davy, stack } = rig
  const rollout = await createRollout(cluster, { name, annotations: example.metadata!.annotations!, strategy })
  const load: TrafficOptions = { namespace: name, service: name, requestsPerSecond, router: routeEvenly }
  const traffic = startTraffic(cluster, davy, keepsMs === undefined ? load : { ...load, keepsMs }, stack)
  await untilSeen(davy, name, '1.0', enoughRequests)
  return { rollout, traffic }
}

function strategyOf({ analysis, steps }: Strategy, { weights, gate, askedAt }: SceneOptions): Strategy {
  const shippedGate = steps.find((step) => step.analysis !== undefined)?.analysis
  if (analysis === undefined || shippedGate === undefined) throw new Error('expected a watch and a gate in the example')
  const asked = { template: templateName, ...(askedAt === undefined ? {} : { 'davy-url': askedAt }) }
  const given = (own: Readonly<Record<string, string>>) => Object.entries(own).map(([name, value]) => ({ name, value }))
  const gateSteps = weights.flatMap((weight): Step[] => {
    const own: Readonly<Record<string, string>> = { ...asked, gate: `${weight}%`, weight: `${weight}` }
    const args = shippedGate.args.filter((arg) => own[arg.name] === undefined)
    const templates = shippedGate.templates.map((one) => ({ ...one, templateName: gate ?? one.templateName }))
    return [{ setWeight: weight }, { analysis: { templates, args: [...args, ...given(own)] } }]
  })
  return {
    analysis: { ...analysis, args: [...analysis.args, ...given(asked)] },
    steps: gateSteps,
  }
}

/** How long the pods of both versions answer before they are judged, and the steps that the time is cut into. */
const kayentaPace = { initialDelay: '100s', step: 10 }

type KayentaTemplate = KubernetesObject & {
  readonly spec: { readonly metrics: readonly { readonly provider: { readonly kayenta: KayentaProvider } }[] }
}
type KayentaProvider = {
  readonly scopes: readonly { readonly name: string; readonly controlScope: object; readonly experimentScope: object }[]
}

/**
 * As {@link openScene}, with the shipped Kayenta template, at another pace and for this service, in place of the gate.
 * @param askedAt where Argo asks; by default at Davy itself.
 */
export async function openKayentaScene(rig: Rig, name: string, askedAt = rig.davy.url): Promise<Scene> {
  await prepareNamespace(rig, name)
  const template = shippedManifest<KayentaTemplate>('argo-rollouts/kayenta.yaml', { ...rig.davy, url: askedAt })
  const { initialDelay, step } = kayentaPace
  const metrics = template.spec.metrics.map((metric) => {
    const { kayenta } = metric.provider
    const scopes = kayenta.scopes.map((scope) => ({
      ...scope,
      controlScope: { ...scope.controlScope, step },
      experimentScope: { ...scope.experimentScope, step },
    }))
    const own = { ...kayenta, application: name, canaryConfigName: name, scopes }
    return { ...metric, initialDelay, provider: { kayenta: own } }
  })
  const metadata = { name: template.metadata!.name!, namespace: name }
  await rig.cluster.apply({ ...template, metadata, spec: { ...template.spec, metrics } } as KubernetesObject)
  const example = shippedManifest<Example>('argo-rollouts/rollout.yaml', rig.davy)
  const gate = example.spec.strategy.canary.steps.find((each) => each.analysis !== undefined)?.analysis
  const args = (gate?.args ?? []).filter((arg) => arg.name === 'stable-hash' || arg.name === 'canary-hash')
  const analysis = { templates: [{ templateName: metadata.name }], args }
  return firstVersion(rig, name, example, { steps: [{ setWeight: 50 }, { analysis }] })
}
