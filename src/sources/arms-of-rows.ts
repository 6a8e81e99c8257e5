import type { Arm } from '../domain/cohort.ts'
import { DavyError } from '../domain/errors.ts'
import { type ArmSlice, type Counts, emptyArm, histogramScale, type PodReadings } from '../domain/evidence.ts'
import type { SourceAnswer } from '../domain/metric-source.ts'
import { sortedRecord } from '../domain/sorted-record.ts'
import type { MetricKind } from '../domain/template.ts'

/** What a system that answers in rows may be asked for. */
export const rowKinds = ['proportion', 'distribution', 'gauge', 'count'] as const satisfies readonly MetricKind[]

export type RowKind = (typeof rowKinds)[number]

/** The numbers that a row of each kind has. */
export const rowNumbers: Readonly<Record<RowKind, readonly ('errors' | 'total' | 'value' | 'count')[]>> = {
  proportion: ['errors', 'total'],
  distribution: ['value', 'count'],
  gauge: ['value'],
  count: ['count'],
}

/** One row of an answer. Which of the numbers it has depends on the kind. Times are Unix milliseconds. */
export type EvidenceRow = {
  readonly at: number
  readonly arm: Arm
  /** '' when no pod is named. */
  readonly pod: string
  /** '' when no operation is named. */
  readonly operation: string
  readonly numbers: Readonly<Partial<Record<'errors' | 'total' | 'value' | 'count', number>>>
}

type Window = { readonly from: number; readonly to: number }

/**
 * The arms in each window, from rows that may come in any order. Values of a distribution are durations in seconds.
 * @throws DavyError SOURCE_DOWN for a row outside of all windows, or with a number that is none.
 */
export function armsOfRows(
  kind: RowKind,
  metric: string,
  rows: readonly EvidenceRow[],
  windows: readonly Window[],
): readonly SourceAnswer[] {
  const sums = windows.map(() => ({ baseline: new RowSum(kind, metric), canary: new RowSum(kind, metric) }))
  for (const row of rows) {
    const index = windows.findIndex(({ from, to }) => row.at >= from && row.at < to)
    if (index === -1)
      throw wrong(`times from ${iso(windows[0]?.from)} to before ${iso(windows.at(-1)?.to)}`, iso(row.at))
    sums[index]![row.arm].add(row)
  }
  return sums.map(({ baseline, canary }) => ({ baseline: baseline.slice(), canary: canary.slice() }))
}

/** A number of a row, as it came. @throws DavyError SOURCE_DOWN for what is none, or below zero */
export function rowNumber(name: string, value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number
  throw wrong(`a number from 0 on as ${name}`, JSON.stringify(value)?.slice(0, 80) ?? 'nothing')
}

function wrong(expected: string, got: string): DavyError {
  return new DavyError('SOURCE_DOWN', `The answer has a row that cannot be used: expected ${expected}, got ${got}.`, {
    expected,
    got,
  })
}

function iso(at: number | undefined): string {
  return at === undefined || !Number.isFinite(at) ? 'no time' : new Date(at).toISOString()
}

/** One arm in one window while rows are being added. */
class RowSum {
  readonly #kind: RowKind
  readonly #metric: string
  readonly #pods = new Map<string, Counts>()
  readonly #operations = new Map<string, Counts>()
  readonly #latency = new Map<number, number>()
  readonly #gauges = new Map<string, PodReadings>()
  readonly #events = new Map<string, number>()

  constructor(kind: RowKind, metric: string) {
    this.#kind = kind
    this.#metric = metric
  }

  add({ pod, operation, numbers }: EvidenceRow): void {
    const { errors = 0, total = 0, value = 0, count = 0 } = numbers
    switch (this.#kind) {
      case 'proportion':
        if (errors > total) throw wrong('at most as many errors as total', `${errors} of ${total}`)
        this.#count(pod, operation, { requests: total, errors })
        return
      case 'distribution': {
        this.#count(pod, operation, { requests: count, errors: 0 })
        if (value <= 0) return
        const bucket = Math.floor(Math.log2(value * 1e9) * 2 ** histogramScale)
        this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + count)
        return
      }
      case 'gauge': {
        const { count: readings, sum, min, max } = this.#gauges.get(pod) ?? { count: 0, sum: 0, min: value, max: value }
        this.#gauges.set(pod, {
          ...{ count: readings + 1, sum: sum + value },
          ...{ min: Math.min(min, value), max: Math.max(max, value) },
        })
        return
      }
      case 'count':
        this.#events.set(pod, (this.#events.get(pod) ?? 0) + count)
    }
  }

  #count(pod: string, operation: string, { requests, errors }: Counts): void {
    for (const [map, key] of [
      [this.#pods, pod],
      ...(operation === '' ? [] : [[this.#operations, operation] as const]),
    ] as const) {
      const before = map.get(key) ?? { requests: 0, errors: 0 }
      map.set(key, { requests: before.requests + requests, errors: before.errors + errors })
    }
  }

  slice(): ArmSlice {
    const whole = [...this.#pods.values()].reduce(
      (sum, { requests, errors }) => ({ requests: sum.requests + requests, errors: sum.errors + errors }),
      { requests: 0, errors: 0 },
    )
    return {
      ...{ ...emptyArm, ...whole, pods: sortedRecord(this.#pods), operations: sortedRecord(this.#operations) },
      latency: [...this.#latency].sort(([a], [b]) => a - b),
      ...(this.#gauges.size === 0 ? {} : { gauges: { [this.#metric]: sortedRecord(this.#gauges) } }),
      ...(this.#events.size === 0 ? {} : { events: { [this.#metric]: sortedRecord(this.#events) } }),
    }
  }
}
