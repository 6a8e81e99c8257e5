import { statfs } from 'node:fs/promises'
import { DavyError } from '../../domain/errors.ts'

const freshForMs = 500

/**
 * Keeps some of a volume free. Segments lie where the engine writes its parts: were they to fill the disk, no INSERT
 * could be done any more, no segment deleted, and nothing would ever move again.
 */
export class FreeSpace {
  readonly #directory: string
  readonly #reserveBytes: number
  readonly #now: () => number
  #free = Number.POSITIVE_INFINITY
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null

  constructor(directory: string, reserveBytes: number, now: () => number) {
    this.#directory = directory
    this.#reserveBytes = reserveBytes
    this.#now = now
  }

  /** Looks at the volume, unless it did so half a second ago. */
  async refresh(): Promise<void> {
    if (Math.abs(this.#now() - this.#readAt) < freshForMs) return
    this.#reading ??= this.#read()
    await this.#reading
  }

  /** Counts bytes that will be written. @throws DavyError STORAGE_DOWN when they would touch the reserve. */
  claim(bytes: number): void {
    if (this.#free - bytes < this.#reserveBytes) {
      throw new DavyError('STORAGE_DOWN', 'The disk of the write-ahead log is nearly full; nothing of this was kept.', {
        expected: `${this.#reserveBytes} bytes that stay free for the storage to work with`,
        got: `${this.#free} bytes`,
        where: this.#directory,
        retryAfterSeconds: 10,
      })
    }
    this.#free -= bytes
  }

  async #read(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#directory)
      this.#free = bavail * bsize
    } catch {
      // Where the system does not tell, the write itself will.
      this.#free = Number.POSITIVE_INFINITY
    }
    this.#readAt = this.#now()
    this.#reading = null
  }
}
