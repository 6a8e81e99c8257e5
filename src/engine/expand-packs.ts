import { DavyError } from '../domain/errors.ts'
import type { MetricSpec } from '../domain/template.ts'
import { packMetrics, packs } from '../sources/prometheus/packs/packs.ts'

/**
 * The metrics of a template with those of its packs. A metric that is there by name stays as it is. Weights share one
 * budget: the packs' are made smaller, all alike, until they fit into what the others leave.
 *
 * @param own what the template itself says; null: nothing, then `others` are judged beside packs that count no requests
 * @param where the file or request that the template came from
 * @throws DavyError UNPROCESSABLE for an unknown pack, for packs that exclude each other, and when no weight is left
 */
export function expandPacks(
  names: readonly string[],
  own: readonly MetricSpec[] | null,
  others: readonly MetricSpec[],
  where: string,
): readonly MetricSpec[] {
  const fail = (detail: string, expected: string, got: string, index: number): never => {
    throw new DavyError('UNPROCESSABLE', detail, { expected, got, where: `${where}/packs/${index}` })
  }
  const chosen = names.map((name, index) => {
    const known = packs.map((pack) => pack.name).join(', ')
    return packMetrics(name) ?? fail('There is no such pack.', `one of ${known}`, name, index)
  })
  const countsRequests = chosen.flat().some(({ kind }) => kind === 'proportion')
  const kept = own ?? (countsRequests ? [] : others)
  const taken = new Set(kept.map(({ name }) => name))
  const added: MetricSpec[] = []
  for (const [index, metrics] of chosen.entries()) {
    for (const metric of metrics) {
      if (added.some(({ name }) => name === metric.name)) {
        fail('Two packs have a metric of one name.', 'packs that tell of different things', metric.name, index)
      }
      if (!taken.has(metric.name)) added.push(metric)
    }
  }
  const sum = (metrics: readonly MetricSpec[]) => metrics.reduce((total, { weight }) => total + (weight ?? 0), 0)
  const room = 1 - sum(kept)
  if (added.length > 0 && room <= 0.001) {
    fail('The other metrics leave no weight for packs.', 'weights below 1 in sum', String(sum(kept)), 0)
  }
  const scale = Math.min(1, room / Math.max(sum(added), 1e-9))
  return [...kept, ...added.map((metric) => ({ ...metric, weight: roundDown(metric.weight * scale) }))]
}

/** To ten thousandths, so that the sum stays at most 1. */
function roundDown(weight: number): number {
  return Math.floor(weight * 10_000 + 1e-9) / 10_000
}
