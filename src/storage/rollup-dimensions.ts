/*
 * What every rollup is kept by, besides its service and its ten seconds. The texts stand in released migrations: never
 * edit one, add another.
 */

/** The dimensions as columns of a rollup. Region is where the resource says that it runs, '' when it does not. */
export const dimensionColumns = `Namespace LowCardinality(String),
    Environment LowCardinality(String),
    Version LowCardinality(String),
    Cohort LowCardinality(String),
    ReplicaSet LowCardinality(String),
    Pod String,
    Region LowCardinality(String)`

/** The same columns as a part of a sorting key, or of a GROUP BY. */
export const dimensionKeys = 'Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region'

/** The same columns from a raw row's resource; of several names for one thing the first that is set counts. */
export const dimensionsOfResource = `ResourceAttributes['service.namespace'] AS Namespace,
    multiIf(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'],
      ResourceAttributes['deployment.environment'] != '', ResourceAttributes['deployment.environment'], 'default') AS Environment,
    ResourceAttributes['service.version'] AS Version,
    ResourceAttributes['deployment.cohort'] AS Cohort,
    multiIf(ResourceAttributes['k8s.pod.label.pod-template-hash'] != '', ResourceAttributes['k8s.pod.label.pod-template-hash'],
      extract(ResourceAttributes['k8s.replicaset.name'], '[^-]*$')) AS ReplicaSet,
    multiIf(ResourceAttributes['k8s.pod.name'] != '', ResourceAttributes['k8s.pod.name'],
      ResourceAttributes['service.instance.id']) AS Pod,
    ResourceAttributes['cloud.region'] AS Region`

/** The dimensions of a cohort from a rollup's row, under the names that readers' rows have. */
export const rowDimensions = `Namespace AS namespace, Service AS service, Environment AS environment, Version AS version,
  Cohort AS cohort, ReplicaSet AS replicaSet, Pod AS pod`

/** The same as a part of a GROUP BY. */
export const rowDimensionKeys = 'namespace, service, environment, version, cohort, replicaSet, pod'

/** The ten seconds of a DateTime64 expression. */
export function tickOf(time: string): string {
  return `toStartOfInterval(toDateTime(${time}, 'UTC'), INTERVAL 10 SECOND)`
}

/** The same from a raw row's resource, under the names that readers' rows have; region too. */
export const rowDimensionsOfResource = dimensionsOfResource.replaceAll(/ AS ([A-Z])/g, (as) =>
  as.toLowerCase().replace(' as ', ' AS '),
)
