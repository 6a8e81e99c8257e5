import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StorageError } from '../../domain/storage.ts'
import { delimit, readDelimited } from './delimited.ts'
import type { Segment } from './segment-writer.ts'
import type { IngestEvents, Signal } from './signals.ts'

/** How the bodies of one signal get into ClickHouse. */
export type InsertPlans = {
  /** Every kind that a body of the signal can have. */
  readonly kinds: readonly string[]
  /** Runs the INSERT of one kind from a file; with the same token again it does nothing. */
  insert(kind: string, file: string, token: string): Promise<void>
  /** The kinds in a body, or null when it is not valid. For segments that an earlier process left. */
  kindsOf(body: Uint8Array): Iterable<string> | null
}

/**
 * ClickHouse codes that say "these bytes cannot be read": nothing was written, and the same bytes will not do better. No
 * code is here that a view behind the table can raise after the rows themselves are in, such as the memory limit.
 */
const poisonCodes = new Set([6, 27, 32, 33, 36, 72, 117, 131, 444])

const firstDelayMs = 200
const lastDelayMs = 10_000

/** Stores the sealed segments of one signal in order of arrival, each until it is in, and deletes their files. */
export class SegmentStore {
  readonly #signal: Signal
  readonly #directory: string
  readonly #plans: InsertPlans
  readonly #now: () => number
  readonly #events: IngestEvents
  readonly #queue: Segment[] = []
  readonly #stop = new AbortController()
  #bytes = 0
  #running: Promise<void> | null = null

  constructor(signal: Signal, directory: string, plans: InsertPlans, now: () => number, events: IngestEvents) {
    this.#signal = signal
    this.#directory = directory
    this.#plans = plans
    this.#now = now
    this.#events = events
  }

  /** After `stop` a segment is only counted; it stays on disk for the next start. */
  add(segment: Segment): void {
    this.#queue.push(segment)
    this.#bytes += segment.bytes
    if (!this.#stop.signal.aborted) this.#running ??= this.#run()
  }

  get bytes(): number {
    return this.#bytes
  }

  get oldestAt(): number | null {
    return this.#queue[0]?.openedAt ?? null
  }

  /** Resolves when the queue is empty or the store was stopped. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Finishes the INSERT that runs, starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.idle()
  }

  async #run(): Promise<void> {
    for (let segment = this.#queue[0]; segment !== undefined; segment = this.#queue[0]) {
      if (!(await this.#store(segment))) break
      this.#queue.shift()
      this.#bytes -= segment.bytes
      if (segment.bytes > 0) this.#events.stored(this.#signal, segment, (this.#now() - segment.openedAt) / 1000)
    }
    this.#running = null
  }

  /** @returns whether it is stored; false only when the store was stopped before. */
  async #store(segment: Segment): Promise<boolean> {
    const { signal } = this.#stop
    for (let delay = firstDelayMs; !signal.aborted; delay = Math.min(delay * 2, lastDelayMs)) {
      try {
        if (segment.bytes > 0) await this.#insert(segment)
        await rm(segment.file, { force: true })
        return true
      } catch (error) {
        if (signal.aborted) break
        this.#events.retrying(this.#signal, segment, error as Error)
        await sleep(delay, undefined, { signal }).catch(() => undefined)
      }
    }
    return false
  }

  async #insert(segment: Segment): Promise<void> {
    await cutTo(segment.file, segment.bytes)
    for (const kind of segment.kinds) {
      this.#stop.signal.throwIfAborted()
      try {
        await this.#plans.insert(kind, segment.file, `${segment.id}:${kind}`)
      } catch (error) {
        if (!isPoison(error)) throw error
        await this.#sift(segment, kind, error)
      }
    }
  }

  /** Bytes that ClickHouse cannot read must not block their neighbours: the bad bodies go aside, the others in. */
  async #sift(segment: Segment, kind: string, error: StorageError): Promise<void> {
    const part = join(this.#directory, `${segment.id}.part`)
    // A statement that fails over nothing at all is at fault itself, and no body may be blamed for it.
    await writeFile(part, '')
    await this.#plans.insert(kind, part, `${segment.id}:${kind}:none`)
    const bytes = await readFile(segment.file)
    const { bodies, length } = readDelimited(bytes)
    await this.#insertHalves(segment, kind, bodies, 0, part)
    const rest = bytes.subarray(length)
    if (rest.some((byte) => byte !== 0)) await this.#quarantine(segment, `${kind}-rest`, rest, error)
    await rm(part)
  }

  /** Halves what cannot be read until single bodies are left. A range has its own token, so it can be repeated too. */
  async #insertHalves(
    segment: Segment,
    kind: string,
    bodies: readonly Uint8Array[],
    from: number,
    part: string,
  ): Promise<void> {
    if (bodies.length === 0) return
    const name = `${kind}-${from}-${from + bodies.length}`
    const content = Buffer.concat(bodies.map(delimit))
    this.#stop.signal.throwIfAborted()
    await writeFile(part, content)
    try {
      await this.#plans.insert(kind, part, `${segment.id}:${name}`)
    } catch (cause) {
      if (!isPoison(cause)) throw cause
      if (bodies.length === 1) return this.#quarantine(segment, name, content, cause)
      const half = Math.ceil(bodies.length / 2)
      await this.#insertHalves(segment, kind, bodies.slice(0, half), from, part)
      await this.#insertHalves(segment, kind, bodies.slice(half), from + half, part)
    }
  }

  async #quarantine(segment: Segment, name: string, bytes: Uint8Array, error: StorageError): Promise<void> {
    const aside = join(this.#directory, 'quarantine', `${segment.id}-${name}.pb`)
    // It was acknowledged, so it must be on disk for good before the segment goes.
    await writeFile(aside, bytes, { flush: true })
    this.#events.quarantined(this.#signal, aside, error)
  }
}

function isPoison(error: unknown): error is StorageError {
  return error instanceof StorageError && poisonCodes.has(error.serverCode)
}

/** A failed write may have left bytes behind the acknowledged ones, which its segment could not cut off then. */
async function cutTo(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    if (size > bytes) await handle.truncate(bytes)
  } finally {
    await handle.close()
  }
}
