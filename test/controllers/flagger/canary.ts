import { readFileSync } from 'node:fs'
import type { KubernetesObject } from '@kubernetes/client-node'
import { until } from '../../davy.ts'
import type { Cluster } from '../rig/cluster.ts'
import { startsWithinMs } from '../rig/processes.ts'
import { podTemplate, release, type Workload } from '../rig/workload.ts'

/** What is asked of `status` of a Canary. */
export type CanaryStatus = {
  readonly phase?: string
  readonly canaryWeight?: number
  readonly failedChecks?: number
  readonly iterations?: number
  readonly lastAppliedSpec?: string
  readonly lastPromotedSpec?: string
}

/** A Canary that the real Flagger drives. */
export type Canary = {
  readonly status: () => Promise<CanaryStatus>
  /** The messages of Flagger about it, the oldest first. */
  readonly events: () => readonly string[]
  /** The version that the primary's Deployment runs. */
  readonly primaryVersion: () => Promise<string>
  readonly release: (version: string) => Promise<void>
  /** Waits until the status is so; rejects naming the last one and the events. */
  readonly untilStatus: (is: (status: CanaryStatus) => boolean, what: string, withinMs: number) => Promise<CanaryStatus>
}

const replicas = 4

/** What a Canary needs beside itself: the Deployment of version 1.0, and the Ingress that Flagger splits. */
function workloads(name: string): KubernetesObject[] {
  const metadata = { name, namespace: name }
  const backend = { service: { name, port: { number: 80 } } }
  const paths = [{ path: '/', pathType: 'Prefix', backend }]
  return [
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadata, labels: { app: name } } },
      ...{
        spec: {
          replicas,
          selector: { matchLabels: { app: name } },
          progressDeadlineSeconds: 60,
          template: podTemplate(name, '1.0'),
        },
      },
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata },
      ...{ spec: { ingressClassName: 'nginx', rules: [{ host: `${name}.example`, http: { paths } }] } },
    },
  ] as KubernetesObject[]
}

/** From Flagger's log: as Kubernetes' own events, the later ones come as one, which keeps the last message only. */
function eventsIn(logFile: string, canary: string): string[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { canary?: string; msg: string })
    .filter((entry) => entry.canary === canary)
    .map(({ msg }) => msg)
}

export type CanarySpec = {
  /** Of the namespace, the Deployment and the Canary. */
  readonly name: string
  /** `nginx` splits the Ingress; `kubernetes` is blue/green and splits nothing. */
  readonly provider: 'nginx' | 'kubernetes'
  readonly analysis: object
}

/**
 * Creates a Canary of version 1.0, in the namespace of its own name, and waits until Flagger has initialised it.
 * @param logFile of Flagger.
 */
export async function createCanary(cluster: Cluster, canary: CanarySpec, logFile: string): Promise<Canary> {
  const { name, provider, analysis } = canary
  const namespace = name
  for (const workload of workloads(name)) await cluster.apply(workload)
  const deployment: Workload = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }
  const header = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name, namespace } }
  const spec = {
    provider,
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    ...(provider === 'nginx' ? { ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name } } : {}),
    progressDeadlineSeconds: 60,
    service: { port: 80, targetPort: 8080 },
    analysis,
  }
  await cluster.apply({ ...header, spec } as KubernetesObject)

  const status = async () => ((await cluster.objects.read(header)) as { status?: CanaryStatus }).status ?? {}
  const events = () => eventsIn(logFile, `${name}.${name}`)
  const primaryVersion = async () => {
    const primary = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `${name}-primary`, namespace } }
    const read = (await cluster.objects.read(primary)) as {
      spec: { template: { spec: { containers: { image: string }[] } } }
    }
    return read.spec.template.spec.containers[0]!.image.split(':').at(-1)!
  }
  const untilStatus: Canary['untilStatus'] = async (is, what, withinMs) => {
    let last: CanaryStatus = {}
    try {
      return await until(
        async () => {
          last = await status()
          return is(last) ? last : false
        },
        what,
        withinMs,
      )
    } catch (cause) {
      throw new Error(`${name}: ${JSON.stringify({ status: last, events: events() }, null, 1)}`, { cause })
    }
  }
  await untilStatus(({ phase }) => phase === 'Initialized', 'Flagger has initialised the canary', startsWithinMs)
  return { status, events, primaryVersion, release: (version) => release(cluster, deployment, version), untilStatus }
}
