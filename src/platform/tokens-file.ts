import type { Logger } from './logger.ts'
import { readTokens, type Token } from './tokens.ts'

/** Who may connect now. */
export type KnownTokens = { readonly current: readonly Token[] }

/**
 * The tokens of a file that may change while Davy runs, as a mounted Secret does when somebody revokes a token. It is read
 * whole and not asked for its time: Kubernetes swaps a link to the folder, and what a write in the same instant does to a
 * time differs between file systems.
 */
export class TokensFile implements KnownTokens {
  readonly #file: string
  readonly #readFile: (path: string) => string
  readonly #log: Logger
  #current: readonly Token[]
  /** What the log was told of last; null: the file fits. */
  #fault: string | null = null

  /** @throws DavyError CONFIG, as {@link readTokens}: with nobody known there is no start. */
  constructor(file: string, readFile: (path: string) => string, log: Logger) {
    this.#file = file
    this.#readFile = readFile
    this.#log = log
    this.#current = readTokens(file, readFile)
  }

  get current(): readonly Token[] {
    return this.#current
  }

  /** Reads the file again. When it cannot be read, or does not fit, those of before stay, and each fault is logged once. */
  refresh(): void {
    try {
      const before = this.#current
      this.#current = readTokens(this.#file, this.#readFile)
      this.#fault = null
      this.#tell(before)
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      if (fault !== this.#fault)
        this.#log.error({ err: error }, 'the tokens file does not fit; the tokens of before stay valid')
      this.#fault = fault
    }
  }

  #tell(before: readonly Token[]): void {
    const rest = (tokens: readonly Token[], others: readonly Token[]) =>
      tokens.filter(({ name }) => !others.some((other) => other.name === name)).map(({ name }) => name)
    const changed = this.#current.filter(({ name, role, hash }) =>
      before.some((other) => other.name === name && (other.role !== role || other.hash !== hash)),
    )
    const told = { added: rest(this.#current, before), removed: rest(before, this.#current) }
    if (told.added.length + told.removed.length + changed.length === 0) return
    this.#log.info({ ...told, changed: changed.map(({ name }) => name) }, 'the tokens file has changed')
  }
}
