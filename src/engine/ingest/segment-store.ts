import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StorageError } from '../../domain/storage.ts'
import { delimit, readDelimited } from './delimited.ts'
import type { Quarantine } from './quarantine.ts'
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

/** Codes that say something of the machine and nothing of the segment: its disk is full. */
const machineCodes = new Set([243])

/** How long to wait after a failure, and after how many of them a segment may be at fault itself. */
export type Patience = { readonly firstDelayMs: number; readonly lastDelayMs: number; readonly failures: number }

/** About a minute until a segment is suspected. */
const usualPatience: Patience = { firstDelayMs: 200, lastDelayMs: 10_000, failures: 10 }

/** So many segments behind the first one are tried in turn: as many bad ones in a row block nobody, less one. */
const probedSegments = 32

export type SegmentStoreOptions = {
  readonly signal: Signal
  readonly directory: string
  readonly plans: InsertPlans
  readonly quarantine: Quarantine
  readonly now: () => number
  readonly events: IngestEvents
  readonly patience?: Patience
}

/** Stores the sealed segments of one signal in order of arrival, each until it is in, and deletes their files. */
export class SegmentStore {
  readonly #o: SegmentStoreOptions
  readonly #patience: Patience
  readonly #queue: Segment[] = []
  /** The engine forgets tokens after a while, so that a kind that is in must not come again from a late retry. */
  readonly #storedKinds = new WeakMap<Segment, Set<string>>()
  readonly #stop = new AbortController()
  #bytes = 0
  #running: Promise<void> | null = null

  constructor(options: SegmentStoreOptions) {
    this.#o = options
    this.#patience = options.patience ?? usualPatience
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

  /** Whether segments wait behind the one that is being stored. */
  get isBehind(): boolean {
    return this.#queue.length > 1
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
      if (!(await this.#finish(segment))) break
    }
    this.#running = null
  }

  /** Tries until the segment is out of the queue. @returns false only when the store was stopped before. */
  async #finish(segment: Segment): Promise<boolean> {
    const { signal } = this.#stop
    const { firstDelayMs, lastDelayMs, failures } = this.#patience
    let delay = firstDelayMs
    let probes = 0
    for (let failed = 1; !signal.aborted; failed += 1) {
      const error = await this.#try(segment)
      if (error === null) return true
      if (signal.aborted) break
      this.#o.events.retrying(this.#o.signal, segment, error)
      if (failed >= failures && isSuspicious(error) && (await this.#storesLater(probes++))) {
        // The storage may have come back between the two.
        const last = await this.#try(segment)
        if (last === null) return true
        if (isSuspicious(last) && (await this.#putAside(segment, last))) return true
      }
      await sleep(delay, undefined, { signal }).catch(() => undefined)
      delay = Math.min(delay * 2, lastDelayMs)
    }
    return false
  }

  /** @returns null when it is stored and gone, else why not. */
  async #try(segment: Segment): Promise<Error | null> {
    try {
      const isBack = segment.bytes > 0 && (await this.#insert(segment)) === 'quarantined'
      // Back in quarantine its file has another name, and may by now be in line once more under this one.
      if (!isBack) await rm(segment.file, { force: true })
      if (segment.isRetry && !isBack) await this.#o.quarantine.stored(segment)
      this.#leave(segment)
      const seconds = (this.#o.now() - segment.openedAt) / 1000
      if (segment.bytes > 0 && !isBack) this.#o.events.stored(this.#o.signal, segment, seconds)
      return null
    } catch (error) {
      return error as Error
    }
  }

  #leave(segment: Segment): void {
    this.#queue.splice(this.#queue.indexOf(segment), 1)
    this.#bytes -= segment.bytes
  }

  /**
   * Tries one segment behind the first one, each time another: when it goes in, it is not the storage that is at fault,
   * and the one right behind may be as bad as the first.
   */
  async #storesLater(probes: number): Promise<boolean> {
    const later = Math.min(this.#queue.length - 1, probedSegments)
    const probed = later > 0 ? this.#queue[1 + (probes % later)] : undefined
    return probed !== undefined && (await this.#try(probed)) === null
  }

  /** The kinds of a segment whose INSERT was not answered yet. */
  #missingKinds(segment: Segment): readonly string[] {
    const stored = this.#storedKinds.get(segment)
    return [...segment.kinds].filter((kind) => stored?.has(kind) !== true)
  }

  #rememberStored(segment: Segment, kind: string): void {
    const stored = this.#storedKinds.get(segment) ?? new Set()
    this.#storedKinds.set(segment, stored.add(kind))
  }

  /**
   * Whole, under its own id, for the kinds that are not in: a view behind the table may have failed after the rows of
   * its kind were in, and then only the same token again is safe.
   */
  async #putAside(segment: Segment, error: StorageError): Promise<boolean> {
    const { id, file, bytes } = segment
    const kinds = this.#missingKinds(segment)
    const { signal, quarantine, events } = this.#o
    const why = `The segment failed ${this.#patience.failures} times and more, while others after it were stored.`
    try {
      await cutTo(file, bytes)
      const { file: aside, recordFault } = segment.isRetry
        ? await quarantine.returned(segment, { id, signal, kinds, why, error })
        : await quarantine.take(segment, { id, signal, kinds, why, error })
      this.#leave(segment)
      if (recordFault !== null) events.retrying(signal, segment, recordFault)
      events.quarantined(signal, aside, error)
      return true
    } catch (fault) {
      events.retrying(signal, segment, fault as Error)
      return false
    }
  }

  /** @returns `quarantined` when a segment that had been put back failed again and is in quarantine. */
  async #insert(segment: Segment): Promise<'stored' | 'quarantined'> {
    await cutTo(segment.file, segment.bytes)
    for (const kind of this.#missingKinds(segment)) {
      this.#stop.signal.throwIfAborted()
      try {
        await this.#o.plans.insert(kind, segment.file, `${segment.id}:${kind}`)
      } catch (error) {
        if (!isPoison(error)) throw error
        if ((await this.#sift(segment, kind, error)) === 'quarantined') return 'quarantined'
      }
      this.#rememberStored(segment, kind)
    }
    return 'stored'
  }

  /** Bytes that ClickHouse cannot read must not block their neighbours: the bad bodies go aside, the others in. */
  async #sift(segment: Segment, kind: string, error: StorageError): Promise<'stored' | 'quarantined'> {
    const part = join(this.#o.directory, `${segment.id}.part`)
    // A statement that fails over nothing at all is at fault itself, and no body may be blamed for it.
    await writeFile(part, '')
    await this.#o.plans.insert(kind, part, `${segment.id}:${kind}:none`)
    if (segment.isRetry) {
      await rm(part)
      const { signal, quarantine, events } = this.#o
      const kinds = this.#missingKinds(segment)
      const returned = { id: segment.id, signal, kinds, why: unreadable, error }
      const { file, recordFault } = await quarantine.returned(segment, returned)
      if (recordFault !== null) events.retrying(signal, segment, recordFault)
      events.quarantined(signal, file, error)
      return 'quarantined'
    }
    const bytes = await readFile(segment.file)
    const { bodies, length } = readDelimited(bytes)
    await this.#insertHalves(segment, kind, bodies, 0, bodies.length, part)
    const rest = bytes.subarray(length)
    if (rest.some((byte) => byte !== 0)) {
      await this.#quarantine(segment, kind, `${kind}-rest`, rest, 'The rest of a damaged segment.', error)
    }
    await rm(part)
    return 'stored'
  }

  /**
   * Halves what cannot be read until single bodies are left. A range has its own token, so it can be repeated too; the
   * whole has the segment's: should it go in at the second attempt, a replay after a crash must not add it again.
   */
  async #insertHalves(
    segment: Segment,
    kind: string,
    bodies: readonly Uint8Array[],
    from: number,
    to: number,
    part: string,
  ): Promise<void> {
    if (from === to) return
    const name = `${kind}-${from}-${to}`
    const content = Buffer.concat(bodies.slice(from, to).map(delimit))
    this.#stop.signal.throwIfAborted()
    await writeFile(part, content)
    try {
      const isWhole = to - from === bodies.length
      await this.#o.plans.insert(kind, part, `${segment.id}:${isWhole ? kind : name}`)
    } catch (cause) {
      if (!isPoison(cause)) throw cause
      if (to - from === 1) return this.#quarantine(segment, kind, name, content, unreadable, cause)
      const middle = from + Math.ceil((to - from) / 2)
      await this.#insertHalves(segment, kind, bodies, from, middle, part)
      await this.#insertHalves(segment, kind, bodies, middle, to, part)
    }
  }

  async #quarantine(
    segment: Segment,
    kind: string,
    name: string,
    bytes: Uint8Array,
    why: string,
    error: StorageError,
  ): Promise<void> {
    const { signal, quarantine, events } = this.#o
    const id = `${segment.id}-${name}`
    // It was acknowledged, so it must be on disk for good before the segment goes.
    const aside = await quarantine.put({ id, signal, kinds: [kind], why, error }, bytes)
    events.quarantined(signal, aside, error)
  }
}

const unreadable = 'The engine cannot read these bytes: their INSERT alone fails, and one of nothing works.'

/** The engine answers, and not that its disk is full. */
function isSuspicious(error: Error): error is StorageError {
  return error instanceof StorageError && !machineCodes.has(error.serverCode)
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
