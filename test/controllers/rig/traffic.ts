import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import { protobufTraces, type RequestSpan } from '../../davy.ts'
import type { Cluster } from './cluster.ts'
import type { DavyServer } from './davy-server.ts'

/** Which share of the requests each pod gets now; they need not add up to 1. */
export type Router = (pods: readonly V1Pod[]) => Promise<ReadonlyMap<V1Pod, number>>

/** The requests of one service, as its pods would report them. What may change while it runs is mutable. */
export type Traffic = {
  /** Versions whose pods answer and report nothing. */
  readonly silent: Set<string>
  /** Which share of a version's requests fails; {@link usualFailing} where it is not named. */
  readonly failing: Map<string, number>
}

export type TrafficOptions = {
  /** Kubernetes namespace; all its pods belong to the service. */
  readonly namespace: string
  readonly service: string
  readonly requestsPerSecond: number
  readonly router: Router
  /** How long what Davy did not take is sent again; {@link sdkKeepsMs} when absent. */
  readonly keepsMs?: number
}

/** As an OpenTelemetry SDK does it: some attempts, then the spans are gone. A collector with a queue keeps them all. */
const sdkKeepsMs = 10_000

/** As demanding callers and declined cards make it: both versions of a healthy release fail so much. */
const usualFailing = 0.02
const periodMs = 1000
const usualSeconds = 0.02

/** The tag of a pod's image: the version that the application knows of itself. */
function versionOf(pod: V1Pod): string {
  const [, version] = /:([^:/]+)$/.exec(pod.spec?.containers[0]?.image ?? '') ?? []
  if (version === undefined) throw new Error(`expected an image with a tag, got ${pod.spec?.containers[0]?.image}`)
  return version
}

/** All pods alike, as a Service without weights does it. */
export const routeEvenly: Router = async (pods) => new Map(pods.map((pod) => [pod, 1]))

/**
 * As an ingress-nginx splits by the `canary-weight` of the second Ingress: that share goes to the pods of the canary's
 * Deployment, the rest to those of its primary.
 */
export function routeByIngress(cluster: Cluster, namespace: string, app: string): Router {
  return async (pods) => {
    const isPrimary = (pod: V1Pod) => pod.metadata?.labels?.app === `${app}-primary`
    const primaries = pods.filter(isPrimary)
    if (primaries.length === 0) return routeEvenly(pods)
    const canaries = pods.filter((pod) => !isPrimary(pod))
    const { items } = await cluster.objects.list('networking.k8s.io/v1', 'Ingress', namespace)
    const second = items.find((ingress) => ingress.metadata?.name === `${app}-canary`)
    const weight = Number(second?.metadata?.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] ?? 0) / 100
    const share = new Map(primaries.map((pod) => [pod, (1 - weight) / primaries.length]))
    for (const pod of canaries) share.set(pod, weight / canaries.length)
    return share
  }
}

function pick(shares: ReadonlyMap<V1Pod, number>, total: number): V1Pod {
  let left = Math.random() * total
  let last: V1Pod | undefined
  for (const [pod, share] of shares) {
    last = pod
    left -= share
    if (left < 0) break
  }
  return last as V1Pod
}

function isReadyToServe(pod: V1Pod): boolean {
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
  return isReady === true && pod.metadata?.deletionTimestamp === undefined
}

function requestOf(pod: V1Pod, service: string, traffic: Traffic): RequestSpan {
  const version = versionOf(pod)
  const replicaSet = pod.metadata?.ownerReferences?.[0]?.name
  return {
    service,
    version,
    endAt: Date.now() - Math.random() * periodMs,
    pod: pod.metadata!.name!,
    route: Math.random() < 0.5 ? 'POST /pay' : 'GET /cart',
    seconds: usualSeconds * Math.exp(Math.random() - 0.5),
    error: Math.random() < (traffic.failing.get(version) ?? usualFailing),
    resource: {
      'k8s.namespace.name': pod.metadata!.namespace!,
      ...(replicaSet === undefined ? {} : { 'k8s.replicaset.name': replicaSet }),
    },
  }
}

/**
 * Sends each second the spans of the requests that the namespace's ready pods answered, until `stack` is disposed.
 */
export function startTraffic(
  cluster: Cluster,
  davy: DavyServer,
  options: TrafficOptions,
  stack: AsyncDisposableStack,
): Traffic {
  const traffic: Traffic = { silent: new Set(), failing: new Map() }
  const stopping = new AbortController()
  let queue: RequestSpan[] = []

  async function send(spans: readonly RequestSpan[]): Promise<boolean> {
    try {
      const response = await fetch(`${davy.otlpUrl}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', authorization: `Bearer ${davy.tokens.ingest}` },
        body: new Uint8Array(protobufTraces(spans)),
      })
      const answer = await response.text()
      if (response.status >= 400 && response.status < 500 && response.status !== 429)
        throw new RangeError(`spans were refused: ${response.status} ${answer}`)
      return response.status === 200
    } catch (error) {
      if (error instanceof RangeError) throw error
      return false
    }
  }

  async function tick(): Promise<void> {
    const { items } = await cluster.core.listNamespacedPod({ namespace: options.namespace })
    const shares = await options.router(items.filter(isReadyToServe))
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0)
    if (total > 0) {
      for (let sent = 0; sent < options.requestsPerSecond; sent += 1) {
        const pod = pick(shares, total)
        if (!traffic.silent.has(versionOf(pod))) queue.push(requestOf(pod, options.service, traffic))
      }
    }
    queue = queue.filter(({ endAt }) => endAt > Date.now() - (options.keepsMs ?? sdkKeepsMs))
    const batch = queue.slice(0, 5000)
    if (batch.length > 0 && (await send(batch))) queue = queue.slice(batch.length)
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await tick()
      await sleep(periodMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  running.catch((error) => console.error(`the traffic of ${options.service} ended:`, error))
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  return traffic
}
