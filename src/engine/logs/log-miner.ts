import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../../platform/logger.ts'
import { type LogLinesReader, logShards, type TracePlace, type UnminedTick } from '../../storage/log-lines-reader.ts'
import type { LogTemplatesReader } from '../../storage/log-templates-reader.ts'
import type { LogTemplatesWriter, NewSkeletonCount, SkeletonCount } from '../../storage/log-templates-writer.ts'
import { grownRows } from './grown-rows.ts'
import { inTurns } from './in-turns.ts'
import { countTick } from './mine-tick.ts'
import { mostKnown, openServiceMiner, type ServiceMiner } from './service-miner.ts'

const tickMs = 10_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** A tick is counted when it is over by so much: its lines and the spans of their traces have come by then. */
const settleMs = 5000
const recentMs = 15 * minuteMs
/** What came late is looked for less often than what comes now. */
const hourlyAgainMs = minuteMs
const allAgainMs = 10 * minuteMs

/** So many lines are in memory at a time, with their texts. */
const linesOfPart = 2_500
/** Traces that are asked for in a minute and service; lines of further ones stay without a version. */
const mostTraces = 5000
const tracesOfQuery = 1000
/** Miners that are kept in memory: those of the services that logged last. */
const mostMiners = 100
/** A round ends after so many minutes and shards: what is new in the meantime goes first. */
const chunksOfRound = 30
const roundsNow = 3
const triesBeforeGone = 5
/** After so long somebody else may have counted the same, and a thousand other things. */
const longMs = 10_000

type Stuck = { readonly lines: number; readonly tries: number; readonly until: number }

export type LogMinerOptions = {
  readonly lines: LogLinesReader
  readonly templates: LogTemplatesReader
  readonly writer: LogTemplatesWriter
  readonly log: Logger
  readonly now: () => number
  /** Since when logs have been waiting for storage, Unix milliseconds; null when all are stored. */
  readonly oldestUnstoredAt: () => number | null
  /** Days that lines are kept: those that are older cannot be counted any more. */
  readonly retentionDays: number
  /** Where this process begins among the shards, so that several share the work; 0 to 1. */
  readonly offset: number
  /** Told how many lines were counted without their message, when there are any. */
  readonly onUnkept?: (lines: number) => void
}

/**
 * Counts stored log lines by template. It asks which ticks have more lines than are counted, reads those again and adds
 * what is missing, so nothing has to be remembered: a process that dies has counted a tick wholly or not at all, late
 * lines are found, and of several processes that count the same tick one is heard.
 */
export class LogMiner {
  readonly #o: LogMinerOptions
  readonly #miners = new Map<string, ServiceMiner>()
  /** Ticks that could not be brought up to their lines, by service and tick. */
  readonly #stuck = new Map<string, Stuck>()
  /** Minutes and shards that are being counted. */
  readonly #running = new Map<string, Promise<void>>()
  /** When it was said of a service that lines of it are not kept. */
  readonly #unkeptAt = new Map<string, number>()
  #hourAt = Number.NEGATIVE_INFINITY
  #allAt = Number.NEGATIVE_INFINITY

  constructor(options: LogMinerOptions) {
    this.#o = options
  }

  /** One round; runs alone. What fails for one tick is logged and does not touch the others. */
  async tick(signal?: AbortSignal): Promise<void> {
    const now = this.#o.now()
    const unstored = this.#o.oldestUnstoredAt()
    // The tick that is not over yet, or that lines wait for, would be counted twice.
    const to = Math.floor(Math.min(now - settleMs, unstored ?? now) / tickMs) * tickMs
    await this.#mine(now - this.#reach(now), to, signal)
  }

  /**
   * Counts what is missing of one service in a window, settled or not.
   * @returns whether all lines that are stored are counted.
   */
  async mineNow(service: string, from: number, to: number, signal?: AbortSignal): Promise<boolean> {
    const missing = async () =>
      (await this.#o.lines.unmined(from, to, signal, service)).filter((tick) => !this.#isGone(tick))
    // Another process, or the job itself, may be at it: what it leaves is asked for again.
    for (let round = 0; round < roundsNow; round += 1) {
      const ticks = await missing()
      if (ticks.length === 0) return true
      for (const chunk of chunksOf(ticks)) await this.#mineChunk(chunk, signal)
    }
    return (await missing()).length === 0
  }

  #reach(now: number): number {
    if (now - this.#allAt >= allAgainMs) {
      this.#allAt = now
      this.#hourAt = now
      for (const [key, { until }] of this.#stuck) if (until + hourMs <= now) this.#stuck.delete(key)
      for (const [service, at] of this.#unkeptAt) if (at + hourMs <= now) this.#unkeptAt.delete(service)
      return this.#o.retentionDays * dayMs - hourMs
    }
    if (now - this.#hourAt >= hourlyAgainMs) {
      this.#hourAt = now
      return hourMs
    }
    return recentMs
  }

  async #mine(from: number, to: number, signal?: AbortSignal): Promise<void> {
    const unmined = (await this.#o.lines.unmined(from, to, signal)).filter((tick) => !this.#isStuck(tick))
    const first = Math.floor(this.#o.offset * logShards)
    const turn = ({ shard }: UnminedTick) => (shard + logShards - first) % logShards
    const chunks = chunksOf(unmined.toSorted((a, b) => minuteOf(b) - minuteOf(a) || turn(a) - turn(b)))
    for (const chunk of chunks.slice(0, chunksOfRound)) {
      if (signal?.aborted) return
      try {
        await this.#mineChunk(chunk, signal)
      } catch (error) {
        if (signal?.aborted) return
        this.#o.log.error(
          { err: error, chunk: keyOf(chunk[0]) },
          'log lines could not be counted; the next round tries again',
        )
      }
    }
    // What did not fit into this round is older than what did.
    if (chunks.length > chunksOfRound) this.#allAt = Number.NEGATIVE_INFINITY
  }

  /** Whether it was tried with as many lines a moment ago. */
  #isStuck({ service, at, lines }: UnminedTick): boolean {
    const stuck = this.#stuck.get(`${at} ${service}`)
    return stuck !== undefined && stuck.lines === lines && this.#o.now() < stuck.until
  }

  /** Whether it was tried so often that its lines must have been deleted. */
  #isGone({ service, at, lines }: UnminedTick): boolean {
    const stuck = this.#stuck.get(`${at} ${service}`)
    return stuck !== undefined && stuck.lines === lines && stuck.tries >= triesBeforeGone
  }

  /** The rollup of severities may know lines that cannot be read yet, so it is tried again, less and less often. */
  #note({ service, at, lines }: UnminedTick): void {
    const key = `${at} ${service}`
    const before = this.#stuck.get(key)
    const now = this.#o.now()
    // Looks may ask many times within a second: that is one try, and no proof that the lines are gone.
    if (before?.lines === lines && now < before.until) return
    const tries = before?.lines === lines ? before.tries + 1 : 1
    if (tries === triesBeforeGone) {
      this.#o.log.warn(
        { service, at: new Date(at).toISOString(), lines },
        'log lines that were stored cannot be read any more; looks go on without them',
      )
    }
    this.#stuck.set(key, { lines, tries, until: now + Math.min(allAgainMs, 1000 * 2 ** tries) })
  }

  /** One at a time in this process: whoever comes second waits for the first, and asks again what is left. */
  async #mineChunk(chunk: Chunk, signal?: AbortSignal): Promise<void> {
    const key = keyOf(chunk[0])
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const own = this.#mineRows(chunk, signal).finally(() => this.#running.delete(key))
    this.#running.set(key, own)
    return own
  }

  /** The services of one minute and shard: their rows go in together, and are heard if nobody else's are. */
  async #mineRows(chunk: Chunk, signal?: AbortSignal): Promise<void> {
    const [{ shard }] = chunk
    const minute = minuteOf(chunk[0])
    const started = this.#o.now()
    const counted = await this.#o.writer.counted(minute, shard, logShards)
    const before = linesOf(counted)
    const rows: NewSkeletonCount[] = []
    for (const ticks of Map.groupBy(chunk, ({ service }) => service).values()) {
      const mined = Map.groupBy(await this.#mineTicks(ticks as unknown as Chunk, signal), ({ at }) => at)
      for (const tick of ticks) {
        await setImmediate()
        const known = counted.filter(({ service, at }) => service === tick.service && at === tick.at)
        const grown = await inTurns(grownRows(mined.get(tick.at) ?? [], known))
        if (grown.length === 0) this.#note(tick)
        for (const row of grown) rows.push(row)
      }
    }
    if (this.#o.now() - started >= longMs && rows.length > 0) {
      // Storage may have forgotten the token of whoever was faster.
      if (linesOf(await this.#o.writer.counted(minute, shard, logShards)) !== before) return
    }
    await setImmediate()
    await this.#o.writer.add(minute, shard, before, rows)
    this.#tellUnkept(rows)
  }

  /** Their number is in the rollup and no evidence of anything new; people have to know that messages are missing there. */
  #tellUnkept(rows: readonly NewSkeletonCount[]): void {
    const unkept = rows.filter(({ skeleton }) => skeleton === 0)
    if (unkept.length === 0) return
    this.#o.onUnkept?.(linesOf(unkept))
    for (const [service, own] of Map.groupBy(unkept, (row) => row.service)) {
      if (this.#o.now() - (this.#unkeptAt.get(service) ?? Number.NEGATIVE_INFINITY) < hourMs) continue
      this.#unkeptAt.set(service, this.#o.now())
      this.#o.log.warn(
        { service, lines: linesOf(own), most: mostKnown },
        'a service logs more different messages than are kept; such lines are counted together, without their message',
      )
    }
  }

  async #mineTicks(ticks: Chunk, signal?: AbortSignal): Promise<readonly NewSkeletonCount[]> {
    const [{ service }] = ticks
    const minute = minuteOf(ticks[0])
    const count = countTick(await this.#minerOf(service, minute))
    const times = ticks.map(({ at }) => at)
    const parts = Math.max(1, Math.ceil(ticks.reduce((sum, { lines }) => sum + lines, 0) / linesOfPart))
    let traces = 0
    for (let part = 0; part < parts; part += 1) {
      signal?.throwIfAborted()
      const rows = await this.#o.lines.lines(service, times, part, parts, signal)
      const ids = [...new Set(rows.map(({ traceId }) => traceId))].filter((id) => id !== '')
      const asked = ids.slice(0, Math.max(0, mostTraces - traces))
      traces += ids.length
      await count.add(rows, await this.#placesOf(service, asked, minute, signal))
    }
    if (traces > mostTraces) {
      this.#o.log.warn(
        { service, at: new Date(minute).toISOString(), traces, most: mostTraces },
        'log lines without a version are of too many traces to look all of them up; the rest is in neither cohort',
      )
    }
    return count.rows()
  }

  async #placesOf(
    service: string,
    ids: readonly string[],
    at: number,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, TracePlace>> {
    const places = new Map<string, TracePlace>()
    for (let from = 0; from < ids.length; from += tracesOfQuery) {
      const found = await this.#o.lines.places(service, ids.slice(from, from + tracesOfQuery), at, signal)
      for (const place of found) places.set(place.traceId, place)
    }
    return places
  }

  async #minerOf(service: string, at: number): Promise<ServiceMiner> {
    const known = this.#miners.get(service)
    const miner =
      known ?? (await openServiceMiner(await this.#o.templates.skeletons(service, at - dayMs, at + dayMs, mostKnown)))
    this.#miners.delete(service)
    this.#miners.set(service, miner)
    const [oldest] = this.#miners.keys()
    if (this.#miners.size > mostMiners && oldest !== undefined) this.#miners.delete(oldest)
    return miner
  }
}

type Chunk = readonly [UnminedTick, ...UnminedTick[]]

function linesOf(rows: readonly SkeletonCount[]): number {
  return rows.reduce((sum, { lines }) => sum + lines, 0)
}

function minuteOf({ at }: UnminedTick): number {
  return Math.floor(at / minuteMs) * minuteMs
}

function keyOf(tick: UnminedTick): string {
  return `${new Date(minuteOf(tick)).toISOString()} ${tick.shard}`
}

/** Ticks of the same minute and shard together, in the order of the first of each. */
function chunksOf(ticks: readonly UnminedTick[]): readonly Chunk[] {
  const groups = Map.groupBy(ticks, keyOf)
  return [...groups.values()].map((group) => group as unknown as Chunk)
}
