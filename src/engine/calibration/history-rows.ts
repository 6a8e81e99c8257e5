import type { Unit } from '../../domain/cohort.ts'
import { isSameUnit } from '../../domain/cohort.ts'
import type { PodReadings } from '../../domain/evidence.ts'
import type { MetricKind, Template } from '../../domain/template.ts'
import type { PodTickRow, RollupReader } from '../../storage/rollup-reader.ts'
import { instrumentsOf } from '../collect.ts'
import { riseMs, risesOf } from '../rises.ts'
import { readingsOf } from '../slices.ts'

/** What one pod's instrument said in one tick. */
type PodPoint<Value> = { readonly at: number; readonly pod: string; readonly metric: string; readonly value: Value }

/** A part of a unit's history: what its pods served, and what the instruments of the template's metrics said of them. */
export type HistoryRows = {
  readonly requests: readonly PodTickRow[]
  readonly gauges: readonly PodPoint<PodReadings>[]
  readonly events: readonly PodPoint<number>[]
}

type Reader = Pick<RollupReader, 'podTicks' | 'gauges' | 'counters'>

/** Reads a part of the history of one version; pods that served nobody in it are left out. Unix milliseconds. */
export async function readHistoryRows(
  rollups: Reader,
  unit: Unit & { readonly version: string },
  template: Template,
  { from, to, thin }: { readonly from: number; readonly to: number; readonly thin: number },
  signal: AbortSignal,
): Promise<HistoryRows> {
  const asked = (kind: MetricKind): string[] => [...new Set(instrumentsOf({ template }, kind))]
  const [gauges, counters] = [asked('gauge'), asked('count')]
  const services = [unit.service]
  const [requests, gaugeRows, counterRows, counts] = await Promise.all([
    rollups.podTicks(unit, from, to, thin, signal),
    gauges.length === 0 ? [] : rollups.gauges(services, gauges, from, to, signal),
    counters.length === 0 ? [] : rollups.counters(services, counters, from, to, signal),
    counters.length === 0 ? [] : rollups.gauges(services, counters, from - riseMs, to, signal),
  ])
  // The same pods as of the requests, of which only every so manyth may be read.
  const pods = new Set(requests.map(({ pod }) => pod))
  const isOwn = (row: Unit & { readonly version: string; readonly pod: string }): boolean =>
    pods.has(row.pod) && row.version === unit.version && isSameUnit(row, unit)
  const point = <Value>({ at, pod, metric }: Omit<PodPoint<Value>, 'value'>, value: Value): PodPoint<Value> => ({
    ...{ at, pod, metric, value },
  })
  return {
    requests,
    gauges: gaugeRows.filter(isOwn).map((row) => point(row, readingsOf(row))),
    events: [
      ...counterRows.filter(isOwn).map((row) => point(row, row.increase)),
      ...risesOf(counts.filter(isOwn), unit, { from, to }).map(({ row, increase }) => point(row, increase)),
    ],
  }
}
