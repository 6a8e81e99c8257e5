import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DavyError } from '../../domain/errors.ts'
import { syncPath } from '../../platform/sync-path.ts'
import { lengthPrefix } from './delimited.ts'

/** A finished segment: write-ahead log, batch and retry unit in one. */
export type Segment = {
  readonly id: string
  readonly file: string
  /** Length of what was acknowledged; what a failed write left behind it in the file is not part of the segment. */
  readonly bytes: number
  /** Unix milliseconds of the oldest body in it. */
  readonly openedAt: number
  readonly kinds: ReadonlySet<string>
  /** It was in quarantine before, and goes back there under the same id when it fails again. */
  readonly isRetry?: true
}

export type SegmentLimits = { readonly maxBytes: number; readonly maxAgeMs: number }

export type SegmentWriterOptions = {
  readonly directory: string
  readonly limits: SegmentLimits
  readonly newId: () => string
  readonly now: () => number
  readonly onSealed: (segment: Segment) => void
  /** Whether segments wait for others to be stored. */
  readonly isBehind: () => boolean
  /** The file of a segment could not be closed or renamed. Nothing is lost by it. */
  readonly onTrouble: (id: string, error: Error) => void
}

/** So many times the usual age a segment may reach while others wait: one that cannot be stored must not be the last. */
const agesAtMost = 10

type Body = {
  /** The length, and the body itself: a copy of both together is made of a batch only, so that bodies in line cost once. */
  readonly parts: readonly [Uint8Array, Uint8Array]
  readonly size: number
  readonly kinds: Iterable<string>
  readonly at: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A wish to seal stands in line with the bodies, so that it comes after those before it and waits for no others. */
type Wish = { readonly sealed: () => void }

type Open = {
  readonly id: string
  readonly file: string
  readonly handle: FileHandle
  readonly openedAt: number
  readonly kinds: Set<string>
  timer: NodeJS.Timeout
  bytes: number
  /** The file may hold more than `bytes`. */
  isTorn: boolean
}

/**
 * Appends bodies of one signal to its open segment. `append` resolves after fdatasync: what was acknowledged survives
 * `kill -9` and power loss. Bodies that wait while a sync runs share the next one. A segment is sealed by size or age,
 * by age later while others wait.
 * Everything that touches the file happens in one line of work, one thing after the other.
 */
export class SegmentWriter {
  readonly #o: SegmentWriterOptions
  readonly #line: (Body | Wish)[] = []
  #waitingBytes = 0
  #open: Open | null = null
  #working: Promise<void> | null = null

  constructor(options: SegmentWriterOptions) {
    this.#o = options
  }

  /** @throws DavyError STORAGE_DOWN when the disk takes no more; then nothing of the body is kept. */
  append(body: Uint8Array, kinds: Iterable<string>): Promise<void> {
    return new Promise((resolve, reject) => {
      const prefix = lengthPrefix(body.length)
      const size = prefix.length + body.length
      this.#waitingBytes += size
      this.#join({ parts: [prefix, body], size, kinds, at: this.#o.now(), resolve, reject })
    })
  }

  /** Seals the open segment with all that was appended before; never rejects. */
  seal(): Promise<void> {
    return new Promise((resolve) => this.#join({ sealed: resolve }))
  }

  /** Unix milliseconds since when a body has been here; null when there is none. */
  get openedAt(): number | null {
    if (this.#open !== null) return this.#open.openedAt
    for (const item of this.#line) if ('parts' in item) return item.at
    return null
  }

  /** Bytes in the open segment and on the way into it. */
  get openBytes(): number {
    return (this.#open?.bytes ?? 0) + this.#waitingBytes
  }

  #join(item: Body | Wish): void {
    this.#line.push(item)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    for (let next = this.#line[0]; next !== undefined; next = this.#line[0]) {
      if ('parts' in next) {
        if (!this.#hasRoomFor(next)) await this.#seal()
        const batch = this.#nextBatch()
        await this.#write(batch)
        this.#line.splice(0, batch.length)
      } else {
        await this.#seal()
        this.#line.shift()
        next.sealed()
      }
    }
    this.#working = null
  }

  /** An empty segment takes a body of any size. */
  #hasRoomFor({ size }: Body): boolean {
    const bytes = this.#open?.bytes ?? 0
    return bytes === 0 || bytes + size <= this.#o.limits.maxBytes
  }

  /** The bodies in front, as many as the segment has room for, but one at least. */
  #nextBatch(): readonly Body[] {
    const batch: Body[] = []
    let bytes = this.#open?.bytes ?? 0
    for (const item of this.#line) {
      if (!('parts' in item)) break
      bytes += item.size
      if (batch.length > 0 && bytes > this.#o.limits.maxBytes) break
      batch.push(item)
    }
    return batch
  }

  async #write(batch: readonly Body[]): Promise<void> {
    const size = batch.reduce((sum, body) => sum + body.size, 0)
    let failure: Error | null = null
    try {
      this.#open ??= await this.#start((batch[0] as Body).at)
      await this.#append(this.#open, batch, size)
    } catch (cause) {
      failure = new DavyError('STORAGE_DOWN', 'The body could not be written to the write-ahead log.', {
        expected: 'space and write access in the segment directory',
        where: this.#o.directory,
        retryAfterSeconds: 10,
        cause,
      })
    }
    this.#waitingBytes -= size
    for (const { resolve, reject } of batch) {
      if (failure === null) resolve()
      else reject(failure)
    }
    // A file that failed once gets no more bodies: unacknowledged bytes must not stand in front of the next.
    if (failure !== null || (this.#open?.bytes ?? 0) >= this.#o.limits.maxBytes) await this.#seal()
  }

  async #append(segment: Open, batch: readonly Body[], size: number): Promise<void> {
    segment.isTorn = true
    // writev may write less than asked for; appendFile goes on until all is written.
    await segment.handle.appendFile(Buffer.concat(batch.flatMap(({ parts }) => parts)))
    await segment.handle.datasync()
    segment.isTorn = false
    segment.bytes += size
    for (const { kinds } of batch) for (const kind of kinds) segment.kinds.add(kind)
  }

  async #start(openedAt: number): Promise<Open> {
    const id = this.#o.newId()
    const file = join(this.#o.directory, `${id}.open`)
    const handle = await open(file, 'ax')
    try {
      await syncPath(this.#o.directory)
    } catch (error) {
      await handle.close()
      await rm(file, { force: true })
      throw error
    }
    const timer = setTimeout(() => this.#ripen(1), this.#o.limits.maxAgeMs)
    return { id, file, handle, openedAt, kinds: new Set(), timer, bytes: 0, isTorn: false }
  }

  /** What would only stand in line grows instead: fewer and larger INSERTs cost less a row, and the storage catches up. */
  #ripen(ages: number): void {
    const open = this.#open
    if (open === null) return
    if (ages >= agesAtMost || !this.#o.isBehind()) void this.seal()
    else open.timer = setTimeout(() => this.#ripen(ages + 1), this.#o.limits.maxAgeMs)
  }

  /** Until it is handed over the segment counts as open, so that at no moment nobody knows of its bytes. */
  async #seal(): Promise<void> {
    const segment = this.#open
    if (segment === null) return
    clearTimeout(segment.timer)
    const { id, bytes, openedAt, kinds } = segment
    let { file } = segment
    try {
      if (segment.isTorn) {
        await segment.handle.truncate(bytes)
        segment.isTorn = false
      }
      await segment.handle.close()
      const sealed = join(this.#o.directory, `${id}.seg`)
      await rename(file, sealed)
      file = sealed
    } catch (error) {
      // The name matters to a recovery only, which looks closer at a file that was not sealed.
      await segment.handle.close().catch(() => undefined)
      this.#o.onTrouble(id, error as Error)
    }
    this.#open = null
    this.#o.onSealed({ id, file, bytes, openedAt, kinds })
  }
}
