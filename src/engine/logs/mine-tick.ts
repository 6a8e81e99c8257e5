import { setImmediate } from 'node:timers/promises'
import { type Dimensions, dimensions } from '../../domain/cohort.ts'
import type { LogLines, TracePlace } from '../../storage/log-lines-reader.ts'
import type { NewSkeletonCount, SkeletonCount } from '../../storage/log-templates-writer.ts'
import type { ServiceMiner } from './service-miner.ts'

/** So much is read in a few milliseconds; then whatever else this process has to do goes on. */
const charactersOfTurn = 128 * 1024
/** A row costs something however short it is. */
const charactersOfRow = 200
/** So many rows are made in a few milliseconds. */
const rowsOfTurn = 2000

/** The rows of one service in some ticks, while its lines are being read. */
export type TickCount = {
  /**
   * Lets others have their turn in between.
   * @param places who answered in the traces of lines that name no version.
   */
  add(lines: readonly LogLines[], places: ReadonlyMap<string, TracePlace>): Promise<void>
  /** Lets others have their turn in between too. */
  rows(): Promise<readonly NewSkeletonCount[]>
}

type Sum = {
  row: NewSkeletonCount
  readonly traces: Set<number>
  untraced: number
  lines: number
  firstSeen: number
  lastSeen: number
}

/** Counts the lines of one service by tick, skeleton, cohort and severity. */
export function countTick(miner: ServiceMiner): TickCount {
  const sums = new Map<string, Sum>()

  return {
    async add(all, places) {
      // Whoever read these lines from storage has used up the turn.
      await setImmediate()
      let characters = 0
      for (const line of all) {
        characters += line.body.length + line.stacktrace.length + charactersOfRow
        if (characters >= charactersOfTurn) {
          await setImmediate()
          characters = 0
        }
        const reading = miner.read(line, line.lines)
        const { skeleton, example } = reading instanceof Promise ? await reading : reading
        const place = placed(line, places.get(line.traceId))
        const key = rowKey({ ...place, at: line.at, severity: line.severity, skeleton })
        let sum = sums.get(key)
        if (sum === undefined) {
          // Its example is read a second time.
          characters += line.body.length
          const row = {
            ...place,
            at: line.at,
            severity: line.severity,
            skeleton,
            lines: 0,
            requests: 0,
            firstSeen: 0,
            lastSeen: 0,
            example: example(),
          }
          sum = { row, traces: new Set(), untraced: 0, lines: 0, firstSeen: line.firstSeen, lastSeen: line.lastSeen }
          sums.set(key, sum)
        }
        sum.lines += line.lines
        sum.untraced += line.untraced
        sum.firstSeen = Math.min(sum.firstSeen, line.firstSeen)
        sum.lastSeen = Math.max(sum.lastSeen, line.lastSeen)
        for (const trace of line.traces) sum.traces.add(trace)
      }
    },
    async rows() {
      const rows: NewSkeletonCount[] = []
      for (const { row, traces, untraced, lines, firstSeen, lastSeen } of sums.values()) {
        if (rows.length % rowsOfTurn === rowsOfTurn - 1) await setImmediate()
        rows.push({ ...row, lines, firstSeen, lastSeen, requests: traces.size + untraced })
      }
      return rows
    },
  }
}

type Placed = Dimensions & { readonly region: string }

function placed(line: LogLines, place: TracePlace | undefined): Placed {
  const { region, ...own } = pick(line)
  if (place === undefined) return { ...own, region }
  const at = pick(place)
  return { ...at, pod: own.pod === '' ? at.pod : own.pod, region: region === '' ? at.region : region }
}

function pick(row: Placed): Placed {
  const { namespace, service, environment, version, cohort, replicaSet, pod, region } = row
  return { namespace, service, environment, version, cohort, replicaSet, pod, region }
}

/** Rows with the same key are one row of the rollup. */
export function rowKey(row: Placed & Pick<SkeletonCount, 'at' | 'severity' | 'skeleton'>): string {
  return JSON.stringify([row.at, ...dimensions.map((name) => row[name]), row.region, row.severity, row.skeleton])
}
