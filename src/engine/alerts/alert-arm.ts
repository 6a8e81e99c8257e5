import type { CohortSelector } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'

export type AlertLabels = Readonly<Record<string, string>>

const serviceLabels = ['service_name', 'service', 'app_kubernetes_io_name', 'app', 'deployment', 'job']
const namespaceLabels = ['service_namespace']
const environmentLabels = ['deployment_environment_name', 'deployment_environment', 'environment', 'env']
const versionLabels = ['service_version', 'app_kubernetes_io_version', 'version']
const replicaSetLabels = ['rollouts_pod_template_hash', 'pod_template_hash', 'replicaset']
const podLabels = ['k8s_pod_name', 'pod', 'instance']

/**
 * Whom an alert is about, by the labels that Prometheus rules of Kubernetes and OpenTelemetry services carry: one arm of
 * the deployment, its service as a whole, or null for somebody else. A label that is there must fit; one that is absent
 * excludes nobody, nor does a version where replica sets are compared.
 */
export function alertArm(
  labels: AlertLabels,
  deployment: Pick<Deployment, 'namespace' | 'service' | 'environment' | 'canary' | 'baseline'>,
): 'canary' | 'baseline' | 'service' | null {
  const services = valuesOf(labels, serviceLabels).map(lastPart)
  if (!services.includes(deployment.service)) return null
  const namespaces = valuesOf(labels, namespaceLabels)
  if (namespaces.length > 0 && !namespaces.includes(deployment.namespace)) return null
  const environments = valuesOf(labels, environmentLabels)
  if (environments.length > 0 && !environments.includes(deployment.environment)) return null
  if (isOf(labels, deployment.canary)) return 'canary'
  if (deployment.baseline !== null && isOf(labels, deployment.baseline)) return 'baseline'
  // Another version of the service, as a third one that still runs; if versions, or replica sets, are what is compared.
  const cohorts = [deployment.canary, deployment.baseline]
  const isByVersion = cohorts.some((cohort) => cohort?.version !== undefined)
  const isByReplicaSet = cohorts.some((cohort) => cohort?.match?.replicaSet !== undefined)
  const telling = [...(isByVersion ? versionLabels : []), ...(isByReplicaSet ? replicaSetLabels : [])]
  return valuesOf(labels, telling).length > 0 ? null : 'service'
}

function isOf(labels: AlertLabels, { version, match }: CohortSelector): boolean {
  if (version !== undefined && valuesOf(labels, versionLabels).includes(version)) return true
  const hashes = match?.replicaSet ?? []
  if (valuesOf(labels, replicaSetLabels).some((value) => hashes.includes(value) || hashes.includes(afterDash(value)))) {
    return true
  }
  const pods = valuesOf(labels, podLabels)
  return pods.some((pod) => match?.pod?.includes(pod) === true || hashes.some((hash) => pod.includes(`-${hash}-`)))
}

function valuesOf(labels: AlertLabels, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => (labels[name] === undefined || labels[name] === '' ? [] : [labels[name]]))
}

/** `shop/checkout`, as jobs are called, is checkout. */
function lastPart(value: string): string {
  return value.split('/').at(-1) ?? value
}

function afterDash(value: string): string {
  return value.split('-').at(-1) ?? value
}
