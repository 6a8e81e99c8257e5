import { DavyError } from '../../domain/errors.ts'

/** The bytes that one request holds in memory. */
export type Hold = {
  /** Says how many they are now. @throws DavyError OVERLOADED when all together would be too many; nothing changes then. */
  set(bytes: number): void
  /** They are gone. Idempotent. */
  release(): void
}

/**
 * Bounds the bytes of bodies that are in memory at once: those that are being received, decompressed, checked, or wait
 * for the disk. Without it, slow disks and many senders would fill the memory before the backlog on disk counts them.
 */
export class InFlight {
  readonly maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Starts with nothing. */
  hold(): Hold {
    let held = 0
    return {
      set: (bytes) => {
        if (bytes > held && this.#bytes + bytes - held > this.maxBytes) throw this.#overloaded()
        this.#bytes += bytes - held
        held = bytes
      },
      release: () => {
        this.#bytes -= held
        held = 0
      },
    }
  }

  #overloaded(): DavyError {
    return new DavyError('OVERLOADED', 'Too many bodies are being taken in at once; nothing of this one was kept.', {
      expected: `bodies of at most ${this.maxBytes} bytes together`,
      got: `${this.#bytes} bytes and this body`,
      retryAfterSeconds: 2,
    })
  }
}
