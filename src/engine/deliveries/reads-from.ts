import type { Facts } from '../../storage/facts.ts'
import type { EndpointState } from './endpoint-facts.ts'

/** A message that did not arrive within a week is a dead letter; so long after its last attempt it is history. */
export const keptMs = 7 * 86_400_000

const dayMs = 86_400_000

/**
 * From when on a process that starts reads what is to be sent, RFC 3339: a week, and from where the newest fact
 * `deliveries-settled` says that nothing older waits, however long ago that is. In storages without one it is put: there
 * at least what waited when the last attempt was made still waits, and what was written before any endpoint was to be told
 * of it never did.
 */
export async function readsFrom(
  facts: Pick<Facts, 'newestKeys' | 'putOnce'>,
  endpoints: ReadonlyMap<string, Pick<EndpointState, 'disabledBecause' | 'toldSince'>>,
  now: number,
): Promise<string> {
  const usually = new Date(now - keptMs).toISOString()
  const told = [...endpoints.values()].filter(({ disabledBecause }) => disabledBecause === null)
  const since = told.map(({ toldSince }) => toldSince).sort()[0]
  if (since === undefined) return usually
  const settled = await newestOf(facts, 'deliveries-settled')
  if (settled !== null) return earlier(usually, later(since, settled.key))
  const last = await newestOf(facts, 'attempt')
  const waited = last === null ? since : later(since, new Date(Date.parse(last.at) - keptMs).toISOString())
  const from = earlier(usually, waited)
  // Before any attempt of this process, which would be the last one for whoever starts after a crash.
  await facts.putOnce('deliveries-settled', from, '', {})
  return from
}

/** Before when nothing waits once all that is a week old is on record as dead: a time of each day, RFC 3339. */
export function settledUpTo(now: number): string {
  return new Date(Math.floor(now / dayMs) * dayMs - keptMs).toISOString()
}

async function newestOf(facts: Pick<Facts, 'newestKeys'>, kind: 'deliveries-settled' | 'attempt') {
  const [newest] = await facts.newestKeys(kind, { limit: 1, offset: 0 })
  return newest ?? null
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}

function later(a: string, b: string): string {
  return a < b ? b : a
}
