/**
 * The three places in which DDL differs between one embedded or single server and a replicated cluster. Queries do not
 * differ at all.
 */
export type Dialect = {
  /** The engine of a family (`MergeTree`, `AggregatingMergeTree`, …) with its arguments. */
  engine(family: string): string
  /** ` ON CLUSTER name`, or ''. */
  readonly onCluster: string
  /** Name of the setting that bounds the deduplication window. */
  readonly deduplicationWindow: string
}

export const singleNode: Dialect = {
  engine: (family) => family,
  onCluster: '',
  deduplicationWindow: 'non_replicated_deduplication_window',
}

/** @param cluster the cluster's name; its tables keep their default `{uuid}` paths. */
export function replicated(cluster: string): Dialect {
  if (!/^[A-Za-z_][\w-]*$/.test(cluster)) throw new Error(`not a cluster name: ${cluster}`)
  return {
    engine: (family) => `Replicated${family}`,
    onCluster: ` ON CLUSTER '${cluster}'`,
    deduplicationWindow: 'replicated_deduplication_window',
  }
}
