import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DavyError } from '../../domain/errors.ts'
import { lockDirectory } from './directory-lock.ts'
import { FreeSpace } from './free-space.ts'
import { Quarantine, type RetryOutcome } from './quarantine.ts'
import { recoverSegments } from './recover.ts'
import { type InsertPlans, type Patience, SegmentStore } from './segment-store.ts'
import { type Segment, type SegmentLimits, SegmentWriter } from './segment-writer.ts'
import { type IngestEvents, type Signal, signals } from './signals.ts'

export type IngestLimits = SegmentLimits & {
  /** Bytes on disk that are not in ClickHouse, waiting or in quarantine; beyond it bodies are refused. */
  readonly backlogMaxBytes: number
}

/** So many full segments stay free on the disk, for what the engine has to write before a segment can be deleted. */
const reservedSegments = 4

export type IngestOptions = {
  readonly directory: string
  readonly limits: IngestLimits
  readonly plans: Readonly<Record<Signal, InsertPlans>>
  readonly newId: () => string
  readonly now: () => number
  readonly events: IngestEvents
  readonly patience?: Patience
}

/**
 * The way of an OTLP body into ClickHouse: checked bytes → segment file → fdatasync → acknowledged → INSERT … SELECT …
 * FROM the file, with the segment's id as deduplication token → file deleted. The segment is write-ahead log, batch and
 * retry unit at once, so what was acknowledged is stored once, whatever dies in between.
 */
export class Ingest {
  readonly #limits: IngestLimits
  readonly #plans: Readonly<Record<Signal, InsertPlans>>
  readonly #lock: AsyncDisposable
  readonly #space: FreeSpace
  readonly quarantine: Quarantine
  readonly #writers = new Map<Signal, SegmentWriter>()
  readonly #stores = new Map<Signal, SegmentStore>()
  #closing = false

  private constructor({ directory, limits, plans, now }: IngestOptions, lock: AsyncDisposable, quarantine: Quarantine) {
    this.#limits = limits
    this.#plans = plans
    this.#lock = lock
    this.#space = new FreeSpace(directory, reservedSegments * limits.maxBytes, now)
    this.quarantine = quarantine
  }

  /**
   * Opens the segment directory and puts what an earlier process left there in line first.
   * @throws DavyError CONFIG when another process has the directory, Error when it cannot be read or written; then
   * nothing was started.
   */
  static async open(options: IngestOptions): Promise<Ingest> {
    await mkdir(options.directory, { recursive: true })
    const lock = await lockDirectory(options.directory)
    try {
      const { directory, now, plans } = options
      const quarantine = await Quarantine.open(directory, signals, now, (signal) => plans[signal].kinds)
      const ingest = new Ingest(options, lock, quarantine)
      await ingest.#begin(options)
      return ingest
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  async #begin(options: IngestOptions): Promise<void> {
    const { directory: root, limits, plans, newId, now, events } = options
    const left: (readonly [SegmentStore, readonly Segment[]])[] = []
    for (const signal of signals) {
      const directory = join(root, signal)
      const { segments, tornBytes } = await recoverSegments(directory, plans[signal], now)
      if (segments.length > 0 || tornBytes > 0) events.recovered(signal, segments.length, tornBytes)
      const { quarantine } = this
      const patience = options.patience === undefined ? {} : { patience: options.patience }
      const store = new SegmentStore({ signal, directory, plans: plans[signal], quarantine, now, events, ...patience })
      const onSealed = (segment: Segment) => store.add(segment)
      const onTrouble = (id: string, error: Error) => events.unsealed(signal, id, error)
      const isBehind = () => store.isBehind
      this.#writers.set(signal, new SegmentWriter({ directory, limits, newId, now, onSealed, isBehind, onTrouble }))
      this.#stores.set(signal, store)
      left.push([store, [...segments, ...(await quarantine.released(signal))]])
    }
    for (const [store, segments] of left) for (const segment of segments) store.add(segment)
  }

  /**
   * Takes one checked body; resolves when it is on disk for good.
   * @param kinds the insert plans that it needs (metrics: its metric kinds).
   * @throws DavyError OVERLOADED when too much waits for storage, STOPPING, or STORAGE_DOWN when the disk refuses.
   */
  async accept(signal: Signal, body: Uint8Array, kinds: Iterable<string>): Promise<void> {
    await this.#space.refresh()
    if (this.#closing) throw stopping()
    this.#bound(body.length)
    this.#space.claim(body.length)
    await this.#writer(signal).append(body, kinds)
  }

  #bound(bytes: number): void {
    const backlog = this.backlogBytes()
    const { bytes: aside } = this.quarantine
    if (backlog + aside + bytes <= this.#limits.backlogMaxBytes) return
    throw new DavyError('OVERLOADED', 'Too many bytes wait to be stored; nothing of this body was kept.', {
      expected: `a backlog of at most ${this.#limits.backlogMaxBytes} bytes`,
      got: `${backlog} bytes${aside === 0 ? '' : `, and ${aside} in quarantine (GET /api/v1/quarantine)`}`,
      retryAfterSeconds: 10,
    })
  }

  /**
   * Puts bytes from the quarantine back into the line; what has become of them tells the promise within.
   * @throws DavyError NOT_FOUND, CONFLICT when they are in line already or no INSERT is known for them, STOPPING.
   */
  async retry(id: string): Promise<{ readonly outcome: Promise<RetryOutcome> }> {
    const { signal, kinds } = this.quarantine.get(id)
    if (this.#closing) throw stopping()
    const unknown = kinds.length === 0 ? 'nothing' : kinds.find((kind) => !this.#plans[signal].kinds.includes(kind))
    if (unknown !== undefined) {
      throw new DavyError('CONFLICT', 'This Davy has no INSERT for it.', {
        expected: `one of ${this.#plans[signal].kinds.join(', ')} in its record`,
        got: unknown,
      })
    }
    const { segment, outcome } = await this.quarantine.release(id)
    this.#store(signal).add(segment)
    return { outcome }
  }

  /** Beyond so many bytes, in line or in quarantine, bodies are refused. */
  get backlogMaxBytes(): number {
    return this.#limits.backlogMaxBytes
  }

  /** Bytes on disk that are not in ClickHouse yet. */
  backlogBytes(): number {
    let bytes = 0
    for (const writer of this.#writers.values()) bytes += writer.openBytes
    for (const store of this.#stores.values()) bytes += store.bytes
    return bytes
  }

  /**
   * Since when the oldest body of a signal, or of all, has been waiting (Unix milliseconds); null when all are stored.
   */
  oldestUnstoredAt(signal?: Signal): number | null {
    let oldest: number | null = null
    for (const each of signal === undefined ? signals : [signal]) {
      for (const at of [this.#stores.get(each)?.oldestAt ?? null, this.#writer(each).openedAt]) {
        if (at !== null && (oldest === null || at < oldest)) oldest = at
      }
    }
    return oldest
  }

  /** Seals the open segments and resolves when everything that was taken so far is stored. */
  async flush(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.seal()))
    await Promise.all([...this.#stores.values()].map((store) => store.idle()))
  }

  /** Takes nothing more, seals, and stores for at most `graceMs`; what is left then stays on disk for the next start. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#writers.values()].map((writer) => writer.seal()))
    const stores = [...this.#stores.values()]
    const graceEnds = new AbortController()
    const grace = sleep(graceMs, undefined, { signal: graceEnds.signal }).catch(() => undefined)
    await Promise.race([Promise.all(stores.map((store) => store.idle())), grace])
    graceEnds.abort()
    await Promise.all(stores.map((store) => store.stop()))
    await this.#lock[Symbol.asyncDispose]()
  }

  #writer(signal: Signal): SegmentWriter {
    const writer = this.#writers.get(signal)
    if (writer === undefined) throw new Error(`no segment writer for ${signal}`)
    return writer
  }

  #store(signal: Signal): SegmentStore {
    const store = this.#stores.get(signal)
    if (store === undefined) throw new Error(`no segment store for ${signal}`)
    return store
  }
}

function stopping(): DavyError {
  return new DavyError('STOPPING', 'Davy is stopping and takes no telemetry any more.', { retryAfterSeconds: 5 })
}
