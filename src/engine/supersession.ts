import type { Deployment } from '../domain/deployment.ts'

/** An open deployment that is to be closed, and the one that took its place. */
export type Outranked = { readonly older: Deployment; readonly newer: Deployment }

/**
 * Of the open deployments of one unit and strategy only one stays: the newest that somebody asked for, or, where nobody
 * asked, the newest that was seen.
 * @param isOpenedLater of two deployments, by their ids, whether the first was opened later.
 */
export function outranked(
  open: readonly Deployment[],
  isOpenedLater: (id: string, than: string) => boolean,
): readonly Outranked[] {
  const first = new Map<string, Deployment>()
  for (const deployment of open) {
    const place = placeOf(deployment)
    const best = first.get(place)
    if (best === undefined || outranks(deployment, best, isOpenedLater)) first.set(place, deployment)
  }
  return open.flatMap((older) => {
    const newer = first.get(placeOf(older))
    return newer === undefined || newer === older ? [] : [{ older, newer }]
  })
}

function placeOf({ namespace, service, environment, strategy }: Deployment): string {
  return JSON.stringify([namespace, service, environment, strategy])
}

function outranks(a: Deployment, b: Deployment, isOpenedLater: (id: string, than: string) => boolean): boolean {
  if (a.origin !== b.origin) return a.origin === 'api'
  return isOpenedLater(a.id, b.id)
}
