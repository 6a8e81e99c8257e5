import { join } from 'node:path'
import { applyCrds } from './apply-crds.ts'
import type { Cluster } from './cluster.ts'
import { answersOk, freePorts, startProcess } from './processes.ts'
import { toolPath } from './tool-path.ts'

/** Starts the real Argo Rollouts controller, its CRDs applied first. It stops with `stack`. */
export async function startArgoRollouts(cluster: Cluster, folder: string, stack: AsyncDisposableStack): Promise<void> {
  await applyCrds(cluster, 'argo-rollouts')
  const [metrics, health] = await freePorts(2)
  const process = await startProcess({
    name: 'Argo Rollouts',
    file: toolPath('bin/rollouts-controller'),
    args: [
      ...['--kubeconfig', cluster.kubeconfig, '--leader-elect=false'],
      ...['--metricsport', String(metrics), '--healthzPort', String(health)],
    ],
    logFile: join(folder, 'argo-rollouts.log'),
    isReady: () => answersOk(`http://127.0.0.1:${metrics}/metrics`),
  })
  stack.defer(() => process.stop())
}

/** Starts the real Flagger, its CRDs applied first. It stops with `stack`. @param metricsServer in Prometheus' shape. */
export async function startFlagger(
  cluster: Cluster,
  folder: string,
  metricsServer: string,
  stack: AsyncDisposableStack,
): Promise<void> {
  await applyCrds(cluster, 'flagger')
  const [port] = await freePorts(1)
  const process = await startProcess({
    name: 'Flagger',
    file: toolPath('bin/flagger'),
    args: [
      ...['-kubeconfig', cluster.kubeconfig, '-mesh-provider', 'nginx', '-metrics-server', metricsServer],
      // How often Flagger looks for canaries to schedule; each canary then ticks at its own analysis.interval.
      ...['-control-loop-interval', '5s', '-port', String(port), '-log-level', 'info'],
    ],
    logFile: join(folder, 'flagger.log'),
    isReady: () => answersOk(`http://127.0.0.1:${port}/healthz`),
  })
  stack.defer(() => process.stop())
}
