/** The settings under which an INSERT with the same token again writes nothing, neither to its table nor to the rollups. */
export function deduplicated(token: string): Readonly<Record<string, string | number>> {
  return { insert_deduplication_token: token, deduplicate_blocks_in_dependent_materialized_views: 1 }
}
