import { type Cluster, nodeName } from './cluster.ts'

/** A Deployment or another thing with a pod template. */
export type Workload = {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

// No image is ever pulled; its tag is the version.
function containers(app: string, version: string): object[] {
  const ports = [{ name: 'http', containerPort: 8080 }]
  return [{ name: 'app', image: `registry.example/${app}:${version}`, ports }]
}

/** A pod template whose pods the pod patcher makes ready. */
export function podTemplate(app: string, version: string): object {
  return {
    metadata: { labels: { app } },
    spec: { nodeName, terminationGracePeriodSeconds: 0, containers: containers(app, version) },
  }
}

/** Releases a version: changes nothing but the image, as `kubectl set image` does. */
export async function release(cluster: Cluster, workload: Workload, version: string): Promise<void> {
  const { apiVersion, kind, namespace, name } = workload
  const spec = { template: { spec: { containers: containers(name, version) } } }
  await cluster.merge({ apiVersion, kind, metadata: { name, namespace }, spec })
}
