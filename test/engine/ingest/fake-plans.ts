import { readFile } from 'node:fs/promises'
import { StorageError } from '../../../src/domain/storage.ts'
import { readDelimited } from '../../../src/engine/ingest/delimited.ts'
import type { InsertPlans } from '../../../src/engine/ingest/segment-store.ts'
import type { IngestEvents } from '../../../src/engine/ingest/signals.ts'

/**
 * A storage that behaves as ClickHouse does: a file goes in whole or not at all, a token once. Bodies are texts; one that
 * starts with `poison` cannot be read, one that starts with `invalid` does not pass the check of a recovery.
 */
export class FakePlans implements InsertPlans {
  readonly kinds: readonly string[]
  /** What is stored, by kind, in the order of the INSERTs. */
  readonly stored: string[] = []
  readonly tokens: string[] = []
  /** Errors that the next INSERTs get, before they read anything. */
  readonly failures: Error[] = []
  /** Bodies that cannot be read. */
  isPoison = (text: string): boolean => text.startsWith('poison')
  /** What an INSERT fails with that has this body in it; null: it does not. */
  refuses: (text: string, kind: string) => Error | null = () => null
  /** INSERTs wait for it. */
  gate: Promise<void> = Promise.resolve()
  calls = 0
  readonly #known = new Set<string>()

  constructor(kinds: readonly string[] = ['traces']) {
    this.kinds = kinds
  }

  async insert(kind: string, file: string, token: string): Promise<void> {
    this.calls += 1
    await this.gate
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    const bytes = await readFile(file)
    const { bodies, length } = readDelimited(bytes)
    const texts = bodies.map((body) => Buffer.from(body).toString())
    if (bytes.subarray(length).some((byte) => byte !== 0)) throw new StorageError(32, 'attempt to read after eof')
    if (texts.some(this.isPoison)) throw new StorageError(444, 'cannot read the message')
    for (const text of texts) {
      const refusal = this.refuses(text, kind)
      if (refusal !== null) throw refusal
    }
    if (this.#known.has(token) || texts.length === 0) return
    this.#known.add(token)
    this.tokens.push(token)
    this.stored.push(...(this.kinds.length === 1 ? texts : texts.map((text) => `${kind}: ${text}`)))
  }

  /** As the engine does after so many blocks. */
  forgetTokens(): void {
    this.#known.clear()
  }

  kindsOf(body: Uint8Array): Iterable<string> | null {
    return Buffer.from(body).toString().startsWith('invalid') ? null : [this.kinds[0] as string]
  }
}

export type ToldEvents = IngestEvents & {
  readonly told: string[]
  readonly quarantine: string[]
  readonly errors: Error[]
}

/** Events, kept as words. */
export function tellingEvents(): ToldEvents {
  const told: string[] = []
  const quarantine: string[] = []
  const errors: Error[] = []
  return {
    ...{ told, quarantine, errors },
    stored: (signal, segment) => void told.push(`stored ${signal} ${segment.id}`),
    retrying: (signal, segment, error) => {
      errors.push(error)
      told.push(`retrying ${signal} ${segment.id}`)
    },
    quarantined: (signal, file) => {
      told.push(`quarantined ${signal}`)
      quarantine.push(file)
    },
    recovered: (signal, segments, tornBytes) => void told.push(`recovered ${signal} ${segments} ${tornBytes}`),
    unsealed: (signal, id) => void told.push(`unsealed ${signal} ${id}`),
  }
}
