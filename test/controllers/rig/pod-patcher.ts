import { setTimeout as sleep } from 'node:timers/promises'
import { ApiException, type CoreV1Api, type V1Pod } from '@kubernetes/client-node'

/** Stands in for the kubelet: no container runs. */
export type PodPatcher = {
  /** Rejects with what ended the loop before. */
  stop(): Promise<void>
}

const periodMs = 500

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}

function asRunning(pod: V1Pod, podIp: string): V1Pod {
  const now = new Date()
  const conditions = ['Initialized', 'ContainersReady', 'Ready', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
  }))
  const containerStatuses = (pod.spec?.containers ?? []).map(({ name, image }) => ({
    name,
    image: image ?? '',
    imageID: image ?? '',
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: now } },
  }))
  return {
    ...pod,
    status: { phase: 'Running', conditions, containerStatuses, podIP: podIp, podIPs: [{ ip: podIp }], startTime: now },
  }
}

/** 404 and 409: somebody else changed the pod in between; the next round sees what came of it. */
function isOvertaken(error: unknown): boolean {
  return error instanceof ApiException && (error.code === 404 || error.code === 409)
}

/**
 * Does of a kubelet's work what rollout controllers wait for: every pod that has a node becomes Running and Ready
 * within a second, every pod that is to be deleted goes at once.
 */
export function startPodPatcher(core: CoreV1Api): PodPatcher {
  const stopping = new AbortController()
  let made = 0

  async function settle(pod: V1Pod): Promise<void> {
    const name = pod.metadata!.name!
    const namespace = pod.metadata!.namespace!
    if (pod.metadata?.deletionTimestamp !== undefined) {
      await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 })
      return
    }
    if (pod.spec?.nodeName === undefined || isReady(pod)) return
    made += 1
    const podIp = `10.244.${Math.floor(made / 250)}.${(made % 250) + 1}`
    await core.replaceNamespacedPodStatus({ name, namespace, body: asRunning(pod, podIp) })
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { items } = await core.listPodForAllNamespaces()
      for (const pod of items) {
        await settle(pod).catch((error) => {
          if (!isOvertaken(error)) throw error
        })
      }
      await sleep(periodMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  running.catch((error) => console.error('the pod patcher ended, so no pod becomes ready from here on:', error))
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
