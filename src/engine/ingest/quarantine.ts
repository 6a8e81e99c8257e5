import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DavyError } from '../../domain/errors.ts'
import type { StorageError } from '../../domain/storage.ts'
import { syncPath } from '../../platform/sync-path.ts'
import { readDelimited } from './delimited.ts'
import { type QuarantinedBody, readRecord, recordText } from './quarantine-record.ts'
import type { Segment } from './segment-writer.ts'
import type { Signal } from './signals.ts'
import { writeWhole } from './write-whole.ts'

/** What became of bytes that were put back. */
export type RetryOutcome = 'stored' | 'quarantined'

type Aside = {
  readonly id: string
  readonly signal: Signal
  readonly kinds: readonly string[]
  readonly why: string
  readonly error: StorageError
}

/** A segment that went aside: its file there, and why its record could not be written, if so. */
type Moved = { readonly file: string; readonly recordFault: Error | null }

type Waiting = { readonly outcome: Promise<RetryOutcome>; readonly settle: (outcome: RetryOutcome) => void }

/**
 * What the storage would not take, so that it neither blocks nor harms what came with it: `<signal>/quarantine/<id>.pb`
 * with its record `<id>.json`. Put back, it becomes the segment `<signal>/<id>.again`: its deduplication token is made of
 * its id, which stays the same, and its record names only the kinds that are not in. The engine forgets tokens after a
 * while: the README tells which late retries may double rows.
 */
export class Quarantine {
  readonly #root: string
  readonly #now: () => number
  readonly #bodies = new Map<string, QuarantinedBody>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #kindsOf: (signal: Signal) => readonly string[]
  /** What has no record that is true, because the disk was full. */
  readonly #unrecorded = new Set<string>()
  #bytes = 0

  private constructor(root: string, now: () => number, kindsOf: (signal: Signal) => readonly string[]) {
    this.#root = root
    this.#now = now
    this.#kindsOf = kindsOf
  }

  /**
   * Opens `<root>/<signal>/quarantine` of every signal and reads what is there.
   * @param kindsOf every kind of a signal: when there is only one, it is known also of what has no record.
   */
  static async open(
    root: string,
    signals: readonly Signal[],
    now: () => number,
    kindsOf: (signal: Signal) => readonly string[] = () => [],
  ): Promise<Quarantine> {
    const quarantine = new Quarantine(root, now, kindsOf)
    for (const signal of signals) await quarantine.#find(signal)
    return quarantine
  }

  /** All of it, the newest first. */
  list(): readonly QuarantinedBody[] {
    return [...this.#bodies.values()].sort((a, b) => b.quarantinedAt - a.quarantinedAt || (a.id < b.id ? 1 : -1))
  }

  /** @throws DavyError NOT_FOUND */
  get(id: string): QuarantinedBody {
    const body = this.#bodies.get(id)
    if (body !== undefined) return body
    throw new DavyError('NOT_FOUND', `Nothing in quarantine has the id ${JSON.stringify(id.slice(0, 64))}.`, {
      expected: 'an id of GET /api/v1/quarantine; what was stored by a retry, or deleted, is not there any more',
      where: 'id',
    })
  }

  /** How much of a signal is there now. */
  size(signal: Signal): { readonly bodies: number; readonly bytes: number } {
    let bodies = 0
    let bytes = 0
    for (const body of this.#bodies.values()) {
      if (body.signal !== signal || body.isRetrying) continue
      bodies += Math.max(1, body.bodies)
      bytes += body.bytes
    }
    return { bodies, bytes }
  }

  /** Bytes on disk, of all signals. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * The bytes: one body as it is, a whole segment with the length before each of its bodies.
   * @throws DavyError NOT_FOUND
   */
  async read(id: string): Promise<Uint8Array> {
    const body = this.get(id)
    const content = await readFile(body.isRetrying ? this.#againFile(body) : this.#file(body)).catch((cause) => {
      throw isMissing(cause) ? new DavyError('NOT_FOUND', 'It left the quarantine just now.', { cause }) : cause
    })
    return body.bodies === 1 ? (readDelimited(content).bodies[0] ?? content) : content
  }

  /** Puts bytes aside; once it resolves they are on disk for good. @returns their file. */
  async put(aside: Aside, content: Uint8Array): Promise<string> {
    const file = this.#file(aside)
    // A segment whose sifting was cut off is sifted again, and what it put aside may stand in line by now.
    if (this.#bodies.get(aside.id)?.isRetrying) return file
    await writeWhole(file, content)
    const body = this.#bodyOf(aside, content)
    await this.#record(body)
    this.#keep(body)
    return file
  }

  /**
   * Puts a whole segment aside by its name: nothing is copied, and a record that does not fit on a full disk does not
   * hold it up; it is written before the segment is put back.
   */
  async take(segment: Segment, aside: Aside): Promise<Moved> {
    return this.#move(segment, this.#bodyOf(aside, await readFile(segment.file)))
  }

  /**
   * Takes bytes out of the quarantine and into the line.
   * @returns the segment to store, and what will have become of it.
   * @throws DavyError NOT_FOUND, CONFLICT when it is in line already.
   */
  async release(id: string): Promise<{ readonly segment: Segment; readonly outcome: Promise<RetryOutcome> }> {
    const body = this.#idle(id)
    this.#keep({ ...body, isRetrying: true })
    try {
      // From here on a crash would leave nothing else that tells its kinds.
      if (this.#unrecorded.has(id)) await this.#record(body)
      await rename(this.#file(body), this.#againFile(body))
      const { outcome } = this.#await(id)
      return { segment: await this.#segmentOf(body), outcome }
    } catch (cause) {
      this.#keep(body)
      this.#waiting.delete(id)
      throw new DavyError('STORAGE_DOWN', 'It could not be put back; it is still in quarantine.', {
        expected: 'write access to its file and its record, and room on the disk',
        where: this.#file(body),
        retryAfterSeconds: 10,
        cause,
      })
    }
  }

  /** The segments that an earlier process put back and did not store. */
  async released(signal: Signal): Promise<readonly Segment[]> {
    const bodies = [...this.#bodies.values()].filter((body) => body.signal === signal && body.isRetrying)
    return Promise.all(bodies.map((body) => this.#segmentOf(body)))
  }

  /** A segment that was put back is stored, and its file deleted. */
  async stored(segment: Segment): Promise<void> {
    const body = this.#bodies.get(segment.id)
    // A record without its bytes says nothing, and the next start removes it.
    if (body !== undefined) await rm(this.#recordFile(body), { force: true }).catch(() => undefined)
    this.#forget(segment.id)
    this.#settle(segment.id, 'stored')
  }

  /** A segment that was put back failed again; `kinds` are those that are still missing. */
  async returned(segment: Segment, { kinds, why, error }: Aside): Promise<Moved> {
    const { retries, ...before } = this.get(segment.id)
    const moved = await this.#move(segment, {
      ...{ ...before, kinds, retries: retries + 1, why },
      ...{ error: faultOf(error), isRetrying: false },
    })
    this.#settle(segment.id, 'quarantined')
    return moved
  }

  /** The record first: a crash in between must not leave a segment whose missing kinds nobody knows. */
  async #move(segment: Segment, body: QuarantinedBody): Promise<Moved> {
    const recordFault = await this.#record(body).then(
      () => null,
      (fault: Error) => fault,
    )
    if (recordFault !== null) {
      this.#unrecorded.add(body.id)
      // An older one may name kinds that are in by now. None is safer: then several are not put back.
      const isStale = this.#bodies.get(body.id)?.kinds.length !== body.kinds.length
      if (isStale) await rm(this.#recordFile(body), { force: true })
    }
    await rename(segment.file, this.#file(body))
    await syncPath(this.#directory(body.signal))
    this.#keep(body)
    return { file: this.#file(body), recordFault }
  }

  /** Deletes bytes for good. @throws DavyError NOT_FOUND, CONFLICT when they stand in line. */
  async remove(id: string): Promise<void> {
    const body = this.#idle(id)
    this.#forget(id)
    this.#unrecorded.delete(id)
    try {
      await rm(this.#file(body), { force: true })
    } catch (error) {
      this.#keep(body)
      throw error
    }
    await rm(this.#recordFile(body), { force: true })
  }

  #keep(body: QuarantinedBody): void {
    this.#forget(body.id)
    this.#bodies.set(body.id, body)
    if (!body.isRetrying) this.#bytes += body.bytes
  }

  #forget(id: string): void {
    const body = this.#bodies.get(id)
    if (body !== undefined && !body.isRetrying) this.#bytes -= body.bytes
    this.#bodies.delete(id)
  }

  #idle(id: string): QuarantinedBody {
    const body = this.get(id)
    if (!body.isRetrying) return body
    throw new DavyError('CONFLICT', 'It was put back already and stands in line to be stored.', {
      expected: 'to wait: it will be stored, or come back with one more retry',
      where: 'id',
      retryAfterSeconds: 5,
    })
  }

  async #find(signal: Signal): Promise<void> {
    const directory = this.#directory(signal)
    await mkdir(directory, { recursive: true })
    const again = (await readdir(join(this.#root, signal))).filter((name) => name.endsWith('.again'))
    const kept = await readdir(directory)
    for (const name of kept) if (name.endsWith('.tmp')) await rm(join(directory, name))
    for (const name of [...kept.filter((each) => each.endsWith('.pb')), ...again]) {
      const id = name.slice(0, name.lastIndexOf('.'))
      const wasRetrying = name.endsWith('.again')
      const file = wasRetrying ? join(this.#root, signal, name) : join(directory, name)
      const { mtimeMs } = await stat(file)
      const text = await readFile(join(directory, `${id}.json`), 'utf8').catch(() => null)
      const content = await readFile(file)
      const recorded = readRecord(text, id, mtimeMs)
      const all = this.#kindsOf(signal)
      // Of several kinds some may be in already, and all of them again would double those.
      const kinds = recorded.kinds.length === 0 && all.length === 1 ? all : recorded.kinds
      const isRetrying = wasRetrying && kinds.length > 0
      const body = { id, signal, ...sizeOf(content), ...recorded, kinds, isRetrying }
      // In line it would count as stored, with no kind to insert, and be deleted.
      if (wasRetrying && !isRetrying) await rename(file, this.#file(body))
      this.#keep(body)
    }
    // The record of what was stored by a retry just before the process died.
    for (const name of kept) {
      if (name.endsWith('.json') && !this.#bodies.has(name.slice(0, -5))) await rm(join(directory, name))
    }
  }

  async #segmentOf(body: QuarantinedBody): Promise<Segment> {
    const { id, kinds } = body
    const file = this.#againFile(body)
    const { size } = await stat(file)
    // Its time is that of the retry: judges do not wait for what they have long gone on without.
    return { id, file, bytes: size, openedAt: this.#now(), kinds: new Set(kinds), isRetry: true }
  }

  #bodyOf({ id, signal, kinds, why, error }: Aside, content: Uint8Array): QuarantinedBody {
    const quarantinedAt = this.#bodies.get(id)?.quarantinedAt ?? this.#now()
    const size = sizeOf(content)
    return { id, signal, kinds, ...size, quarantinedAt, error: faultOf(error), why, retries: 0, isRetrying: false }
  }

  async #record(body: QuarantinedBody): Promise<void> {
    await writeWhole(this.#recordFile(body), Buffer.from(recordText(body)))
    await syncPath(this.#directory(body.signal))
    this.#unrecorded.delete(body.id)
  }

  #await(id: string): Waiting {
    const { promise: outcome, resolve: settle } = Promise.withResolvers<RetryOutcome>()
    const waiting = { outcome, settle }
    this.#waiting.set(id, waiting)
    return waiting
  }

  #settle(id: string, outcome: RetryOutcome): void {
    this.#waiting.get(id)?.settle(outcome)
    this.#waiting.delete(id)
  }

  #directory(signal: Signal): string {
    return join(this.#root, signal, 'quarantine')
  }

  #file({ id, signal }: Pick<QuarantinedBody, 'id' | 'signal'>): string {
    return join(this.#directory(signal), `${id}.pb`)
  }

  #recordFile({ id, signal }: Pick<QuarantinedBody, 'id' | 'signal'>): string {
    return join(this.#directory(signal), `${id}.json`)
  }

  #againFile({ id, signal }: Pick<QuarantinedBody, 'id' | 'signal'>): string {
    return join(this.#root, signal, `${id}.again`)
  }
}

function sizeOf(content: Uint8Array): { readonly bodies: number; readonly bytes: number } {
  const { bodies, length } = readDelimited(content)
  const isWhole = length === content.length
  if (isWhole && bodies.length === 1) return { bodies: 1, bytes: bodies[0]?.length ?? 0 }
  return { bodies: isWhole ? bodies.length : 0, bytes: content.length }
}

function faultOf({ serverCode, message }: StorageError): { readonly code: number; readonly message: string } {
  return { code: serverCode, message: message.slice(0, 500) }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
