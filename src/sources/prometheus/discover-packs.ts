import { DavyError } from '../../domain/errors.ts'
import type { PrometheusClient } from './client.ts'
import type { Pack, PackMetric } from './packs/pack.ts'
import { packs } from './packs/packs.ts'

/** CloudWatch's exporter is this late. */
const sinceMs = 1_800_000

/** What one pack finds in a Prometheus: names of series. */
type PackFinding = {
  readonly pack: string
  readonly description: string
  /** complete: every query of it names series that are there; partial: some do. */
  readonly state: 'complete' | 'partial' | 'none'
  readonly found: readonly string[]
  readonly missing: readonly string[]
}

/** What an account of Prometheus has; `fault`: why it could not be asked, in which case there are no packs. */
export type PrometheusFinding = {
  readonly account: string
  readonly fault: string | null
  readonly packs: readonly PackFinding[]
}

/** Which packs each account has data for: by the names of its series of the last half hour. */
export async function discoverPacks(
  clients: ReadonlyMap<string, PrometheusClient>,
  now: number,
  signal?: AbortSignal,
): Promise<readonly PrometheusFinding[]> {
  const wanted = [...new Set(packs.flatMap(namesOf))]
  return Promise.all(
    [...clients].map(async ([account, client]): Promise<PrometheusFinding> => {
      try {
        const there = new Set(await client.names(wanted, now - sinceMs, now, signal))
        return { account, fault: null, packs: packs.map((pack) => findingOf(pack, there)) }
      } catch (error) {
        if (!(error instanceof DavyError)) throw error
        return { account, fault: error.message, packs: [] }
      }
    }),
  )
}

function findingOf(pack: Pack, there: ReadonlySet<string>): PackFinding {
  const names = namesOf(pack)
  const found = names.filter((name) => there.has(name))
  const missing = names.filter((name) => !there.has(name))
  const state = missing.length === 0 ? 'complete' : found.length === 0 ? 'none' : 'partial'
  return { pack: pack.name, description: pack.description, state, found, missing }
}

/** The names of the series that a pack's queries select. */
function namesOf({ metrics }: Pick<Pack, 'metrics'>): readonly string[] {
  return [...new Set(metrics.flatMap(textsOf).flatMap(seriesNames))]
}

function textsOf({ query }: PackMetric): readonly string[] {
  return Object.values(query).flatMap((value) => {
    if (typeof value === 'string') return [value]
    return typeof value === 'object' && value !== null
      ? Object.values(value).filter((text) => typeof text === 'string')
      : []
  })
}

function seriesNames(promql: string): readonly string[] {
  return [...promql.matchAll(/([A-Za-z_:][\w:]*)\{(?=[a-z_]+[=!])/g)].map(([, name]) => name!)
}
