import type { Edge } from '../../storage/calls-rollup-reader.ts'

/** An edge in a few words: 'payments', 'postgresql shop.orders', 'kafka orders'; of a call that tells nothing 'unknown'. */
export function edgeName({ system, peer, target }: Edge): string {
  const isWeb = system === 'http' || system === ''
  // A host of a database says less than what is kept there.
  const place = target === '' ? peer : isWeb || system === 'grpc' ? [peer, target].filter(Boolean).join(' ') : target
  const name = isWeb ? place : [system, place].filter(Boolean).join(' ')
  return name === '' ? (system === '' ? 'unknown' : system) : name
}
