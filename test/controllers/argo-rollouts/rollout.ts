import type { KubernetesObject } from '@kubernetes/client-node'
import { until } from '../../davy.ts'
import type { Cluster } from '../rig/cluster.ts'
import { startsWithinMs } from '../rig/processes.ts'
import { podTemplate, release, type Workload } from '../rig/workload.ts'

type Analysis = {
  readonly templates: readonly { readonly templateName: string; readonly clusterScope?: boolean }[]
  readonly args: readonly { readonly name: string; readonly value?: string }[]
}

/** One step of a canary: a weight or an analysis. */
export type Step = { readonly setWeight?: number; readonly analysis?: Analysis }

/** `strategy.canary` of a Rollout, as far as it is looked at. */
export type Strategy = { readonly analysis?: Analysis; readonly steps: readonly Step[] }

/** What is asked of `status` of a Rollout. */
export type RolloutStatus = {
  readonly phase?: string
  readonly message?: string
  readonly abort?: boolean
  readonly currentStepIndex?: number
  readonly currentPodHash?: string
  readonly stableRS?: string
  readonly pauseConditions?: readonly { readonly reason: string }[]
}

/** One answer of Davy, as Argo keeps it. */
type Measurement = { readonly phase: string; readonly value?: string; readonly message?: string }

/** The counters of the one metric of an AnalysisRun, and the last ten measurements. */
export type MetricResult = {
  readonly phase: string
  readonly successful?: number
  readonly inconclusive?: number
  readonly error?: number
  readonly consecutiveError?: number
  readonly failed?: number
  readonly measurements?: readonly Measurement[]
}

/** What is asked of an AnalysisRun. */
export type AnalysisRun = KubernetesObject & {
  readonly status?: {
    readonly phase?: string
    readonly message?: string
    readonly metricResults?: readonly MetricResult[]
  }
}

/** A Rollout that the real controller drives. */
export type Rollout = {
  readonly status: () => Promise<RolloutStatus>
  /** The runs at its gates, or in the background, the oldest first. */
  readonly runs: (type: 'Step' | 'Background') => Promise<readonly AnalysisRun[]>
  readonly release: (version: string) => Promise<void>
  /** Waits until the status is so; rejects naming the last one and all runs. */
  readonly untilStatus: (
    is: (status: RolloutStatus) => boolean,
    what: string,
    withinMs: number,
  ) => Promise<RolloutStatus>
  /** Waits until the newest gate's metric is so; rejects naming the last one. */
  readonly untilGate: (is: (metric: MetricResult) => boolean, what: string, withinMs: number) => Promise<void>
}

const replicas = 10

/** Creates a Rollout of version 1.0, in the namespace of its own name, and waits until it is healthy. */
export async function createRollout(
  cluster: Cluster,
  spec: { readonly name: string; readonly annotations: Readonly<Record<string, string>>; readonly strategy: Strategy },
): Promise<Rollout> {
  const { name, annotations, strategy } = spec
  const workload: Workload = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace: name, name }
  const { apiVersion, kind } = workload
  const header = { apiVersion, kind, metadata: { name, namespace: name } }
  await cluster.apply({
    ...header,
    metadata: { ...header.metadata, annotations },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, '1.0'),
      strategy: { canary: strategy },
    },
  } as KubernetesObject)

  const status = async () => ((await cluster.objects.read(header)) as { status?: RolloutStatus }).status ?? {}
  const allRuns = async () => {
    const { items } = await cluster.objects.list<AnalysisRun>(apiVersion, 'AnalysisRun', name)
    const createdAt = ({ metadata }: AnalysisRun) => Number(metadata!.creationTimestamp!)
    return items.toSorted((a, b) => createdAt(a) - createdAt(b))
  }
  const runs: Rollout['runs'] = async (type) =>
    (await allRuns()).filter(({ metadata }) => metadata?.labels?.['rollout-type'] === type)
  const untilStatus: Rollout['untilStatus'] = async (is, what, withinMs) => {
    let last: RolloutStatus = {}
    const ask = async () => {
      last = await status()
      return is(last) ? last : false
    }
    return until(ask, what, withinMs).catch(async (cause) => {
      const shown = { status: last, runs: (await allRuns()).map((run) => run.status) }
      throw new Error(`${name}: ${JSON.stringify(shown, null, 1)}`, { cause })
    })
  }
  const untilGate: Rollout['untilGate'] = async (is, what, withinMs) => {
    let last: MetricResult | undefined
    const ask = async () => {
      last = (await runs('Step')).at(-1)?.status?.metricResults?.[0]
      return last !== undefined && is(last)
    }
    await until(ask, what, withinMs).catch((cause) => {
      throw new Error(`${name}: ${JSON.stringify(last, null, 1)}`, { cause })
    })
  }
  await untilStatus(({ phase }) => phase === 'Healthy', 'the first version is healthy', startsWithinMs)
  return { status, runs, untilStatus, untilGate, release: (version) => release(cluster, workload, version) }
}

/** What Davy said in a run, the oldest first; `phase` of the measurement where it said nothing. */
export function verdictsOf(run: AnalysisRun | undefined): string[] {
  const measurements = run?.status?.metricResults?.[0]?.measurements ?? []
  return measurements.map(({ phase, value }) =>
    value === undefined || value === '' ? phase : (JSON.parse(value) as { verdict: string }).verdict,
  )
}
