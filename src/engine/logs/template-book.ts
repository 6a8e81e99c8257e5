import { setImmediate } from 'node:timers/promises'
import { type Cluster, consolidate, consolidationOf } from '../../judges/log-templates/consolidate.ts'
import { openLineScanner } from '../../judges/log-templates/scan-line.ts'
import type { LogTemplatesReader, StoredSkeleton } from '../../storage/log-templates-reader.ts'
import { inTurns } from './in-turns.ts'
import { mostKnown } from './service-miner.ts'
import { readExample, type Skeleton } from './stored-example.ts'

/** One kind of message, or one exception, of a service. */
export type LogTemplate = {
  /** 14 hexadecimal digits: the skeleton that was logged first. It stays while the template becomes more general. */
  readonly hash: string
  readonly kind: 'message' | 'exception'
  /** For people: words, with `<*>` where values were; of an exception its types and where it was thrown. */
  readonly text: string
  /** A line of it, at most 300 characters. */
  readonly example: string
  /** All skeletons that it stands for. */
  readonly skeletons: readonly number[]
}

/** Lines whose skeleton is not kept: there were too many different ones. */
export const unkept: LogTemplate = {
  ...{ hash: hexOf(0), kind: 'message', text: '(too many different messages)', example: '', skeletons: [0] },
}

/** Lines of so long ago say what was logged before. */
export const historyMs = 14 * 86_400_000

const mostBooks = 100
/** So many stored skeletons are read in about a millisecond. */
const skeletonsOfTurn = 250

/** Skeletons that may become one template: those of one length. `templates`, by skeleton: null until they are asked for. */
type Group = { readonly entries: Entry[]; templates: ReadonlyMap<number, LogTemplate> | null }

type Entry = Skeleton & { readonly hash: number; readonly firstSeen: number }

/**
 * The templates of one service. They are found among all its skeletons together, of every version, so that both arms of
 * a comparison draw the line between messages at the same place.
 */
export class TemplateBook {
  readonly #scan = openLineScanner()
  readonly #groupOf = new Map<number, Group>()
  readonly #groups = new Map<string, Group>()

  /** Lets others have their turn in between, as {@link TemplateBook.settle} does: thousands take a while. */
  async learn(skeletons: readonly StoredSkeleton[]): Promise<void> {
    for (const [at, { skeleton, example, firstSeen }] of skeletons.entries()) {
      if (at % skeletonsOfTurn === skeletonsOfTurn - 1) await setImmediate()
      if (this.#groupOf.has(skeleton)) continue
      const entry = { ...readExample(example, this.#scan), hash: skeleton, firstSeen }
      const key = entry.kind === 'exception' ? entry.kind : String(entry.text.split('\n').length)
      const group = this.#groups.get(key) ?? { entries: [], templates: null }
      this.#groups.set(key, group)
      this.#groupOf.set(skeleton, group)
      group.entries.push(entry)
      group.templates = null
    }
  }

  /** Finds the templates of what has been learnt. */
  async settle(): Promise<void> {
    for (const group of this.#groups.values()) {
      while (group.templates === null) {
        const entries = [...group.entries]
        const templates = templatesOf(entries, await inTurns(consolidationOf(textsOf(entries))))
        // Somebody else's question may have brought more of them in the meantime.
        if (entries.length === group.entries.length) group.templates = templates
      }
    }
  }

  knows(skeleton: number): boolean {
    return skeleton === 0 || this.#groupOf.has(skeleton)
  }

  get size(): number {
    return this.#groupOf.size
  }

  templateOf(skeleton: number): LogTemplate {
    const group = this.#groupOf.get(skeleton)
    if (group === undefined) return unkept
    group.templates ??= templatesOf(group.entries, consolidate(textsOf(group.entries)))
    return group.templates.get(skeleton) ?? unkept
  }
}

function isMessage({ kind }: Entry): boolean {
  return kind !== 'exception'
}

function textsOf(entries: readonly Entry[]): readonly string[][] {
  return entries.filter(isMessage).map(({ text }) => text.split('\n'))
}

/** @param clusters of the entries that are messages. */
function templatesOf(entries: readonly Entry[], clusters: readonly Cluster[]): ReadonlyMap<number, LogTemplate> {
  const exceptions = entries.filter((entry) => !isMessage(entry))
  const messages = entries.filter(isMessage)
  const groups = [
    ...exceptions.map((entry) => ({ text: textOf(entry), members: [entry] })),
    ...clusters.map(({ tokens, members }) => ({
      text: tokens.join(' '),
      members: members.map((member) => messages[member] as Entry),
    })),
  ]
  return new Map(
    groups.flatMap(({ text, members }) => {
      const [first] = members.toSorted((a, b) => a.firstSeen - b.firstSeen || a.hash - b.hash)
      if (first === undefined) return []
      const kind = first.kind === 'exception' ? 'exception' : 'message'
      const skeletons = members.map(({ hash }) => hash)
      const template: LogTemplate = { hash: hexOf(first.hash), kind, text, example: first.shown, skeletons }
      return skeletons.map((skeleton) => [skeleton, template] as const)
    }),
  )
}

/** 'java.sql.SQLException in IllegalStateException at Pool.take ← Charger.charge'. */
function textOf({ text }: Entry): string {
  const tokens = text.split('\n')
  const at = tokens.indexOf('at')
  return [...tokens.slice(0, at + 1), tokens.slice(at + 1).join(' ← ')].join(' ')
}

function hexOf(skeleton: number): string {
  return skeleton.toString(16).padStart(14, '0')
}

/** The books of the services that were asked for last. */
export class TemplateBooks {
  readonly #reader: LogTemplatesReader
  readonly #books = new Map<string, Promise<TemplateBook>>()

  constructor(reader: LogTemplatesReader) {
    this.#reader = reader
  }

  /** The book of a service in which these skeletons are, as far as anything is stored of them before `to`. */
  async with(service: string, skeletons: Iterable<number>, to: number): Promise<TemplateBook> {
    const book = await this.#open(service, to)
    const missing = [...new Set(skeletons)].filter((skeleton) => !book.knows(skeleton))
    if (missing.length > 0) await book.learn(await this.#reader.examples(service, to - historyMs, to, missing))
    await book.settle()
    // It grows by what is new; a new one holds again what is logged most.
    if (book.size > 2 * mostKnown) this.#books.delete(service)
    return book
  }

  #open(service: string, to: number): Promise<TemplateBook> {
    const open = this.#books.get(service) ?? this.#read(service, to)
    this.#books.delete(service)
    this.#books.set(service, open)
    const [oldest] = this.#books.keys()
    if (this.#books.size > mostBooks && oldest !== undefined) this.#books.delete(oldest)
    return open
  }

  async #read(service: string, to: number): Promise<TemplateBook> {
    try {
      const book = new TemplateBook()
      await book.learn(await this.#reader.skeletons(service, to - historyMs, to, mostKnown))
      return book
    } catch (error) {
      this.#books.delete(service)
      throw error
    }
  }
}
