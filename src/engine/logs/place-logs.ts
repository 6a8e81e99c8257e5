import type { Dimensions } from '../../domain/cohort.ts'
import type { LogTemplatesReader } from '../../storage/log-templates-reader.ts'

/** A pod's newest requests within so long say which version it runs. */
const podMs = 3_600_000

type Placed = (row: Dimensions) => Dimensions

/** Rows that name a pod, and neither a version nor anything else that a cohort goes by. */
function needsPod({ version, cohort, replicaSet, pod }: Dimensions): boolean {
  return version === '' && cohort === '' && replicaSet === '' && pod !== ''
}

/**
 * Where log lines of a service lie that name only their pod: where the pod's requests do.
 * @param from Unix milliseconds, as `to`: when the lines were written.
 */
export async function placeByPod(
  reader: Pick<LogTemplatesReader, 'podPlaces'>,
  service: string,
  rows: readonly Dimensions[],
  from: number,
  to: number,
): Promise<Placed> {
  if (!rows.some(needsPod)) return (row) => row
  const places = new Map((await reader.podPlaces(service, from - podMs, to)).map((place) => [place.pod, place]))
  return (row) => (needsPod(row) ? { ...row, ...places.get(row.pod) } : row)
}
