import { type Cluster, consolidationOf } from './consolidate.ts'
import { openLineScanner } from './scan-line.ts'
import { skeletonVersion, templateId } from './skeleton-hash.ts'
import { type SavedSkeleton, type Skeleton, SkeletonIndex } from './skeleton-index.ts'
import { atOnce, type Steps } from './steps.ts'
import { placeholder } from './token-kind.ts'

/** One template as it is known now. */
type Template = { readonly id: string; readonly text: string }

/** A template with how many lines it had, and one of them. */
type SeenTemplate = Template & { readonly lines: number; readonly example: string }

/** A miner's whole state, as plain JSON. */
export type SavedMiner = {
  readonly version: string
  readonly skeletons: readonly SavedSkeleton[]
  /** Skeleton hashes that stand for another one since the miner was full. */
  readonly aliases: readonly (readonly [number, number])[]
  /** Lines whose skeleton was dropped or never learnt. */
  readonly unlearntLines: number
  /** By the number of tokens: how many skeletons were learnt since there was no more room, and for how many lines no more are. */
  readonly lengths: readonly (readonly [length: number, learnt: number, pausedLines: number])[]
}

const defaultMaxSkeletons = 5_000
/** Of those the part that may have one length: lines without a shape push out each other, and making room takes no longer. */
const partOfOneLength = 0.2
const exampleCharacters = 500
/** A miner that throws away most of what it learnt of one length reads no log: it learns no more of it for so many such lines. */
const restLines = 100_000
/** So many skeletons are taken in within a millisecond or two. */
const skeletonsOfStep = 500

/** How learning goes for lines of one number of tokens; as {@link SavedMiner.lengths} has it. */
type Pace = { learnt: number; pausedLines: number }

type Group = { readonly template: Template; readonly members: readonly Skeleton[] }
type Resolved = { readonly groups: readonly Group[]; readonly byHash: ReadonlyMap<number, Template> }

/** What stands for all lines whose skeleton is not kept. */
const unlearnt: Template = { id: templateId(placeholder), text: placeholder }

/**
 * Learns the templates of one service's log lines: it keeps the skeletons (see {@link openLineScanner}) with their
 * counts, and finds templates among them when asked. Templates only ever generalise, and their ids change when they do:
 * so count by skeleton hash, and resolve hashes when reading. To compare a canary with its baseline add both to one
 * miner: two miners may draw the line elsewhere.
 */
export class TemplateMiner {
  readonly #scan = openLineScanner()
  readonly #index: SkeletonIndex
  readonly #aliases = new Map<number, number>()
  readonly #paces = new Map<number, Pace>()
  readonly #maxSkeletons: number
  readonly #maxOfLength: number
  #unlearntLines = 0
  #resolved: Resolved | null = null

  /**
   * @param saved a state to go on from; RangeError when another version of the miner wrote it
   * @param maxSkeletons a full miner (a fifth of them may have one length) puts templates for the skeletons of its most
   * frequent length that they cover, then drops the rarest
   */
  constructor(saved?: SavedMiner, maxSkeletons: number = defaultMaxSkeletons) {
    this.#index = new SkeletonIndex(maxSkeletons)
    this.#maxSkeletons = maxSkeletons
    this.#maxOfLength = Math.ceil(partOfOneLength * maxSkeletons)
    if (saved === undefined) return
    this.merge(saved)
    for (const [length, learnt, pausedLines] of saved.lengths) this.#paces.set(length, { learnt, pausedLines })
  }

  /**
   * @param line without its header
   * @param lines how often it came, 1 unless told
   * @returns the hash of its skeleton, to count by; 0 for a line that is not learnt
   */
  add(line: string, lines = 1): number {
    const added = this.addInSteps(line, lines)
    return typeof added === 'number' ? added : atOnce(added)
  }

  /** The same, in steps where room has to be made: that takes a while. Others may add lines between the steps. */
  addInSteps(line: string, lines = 1): number | Steps<number> {
    const tokens = this.#scan(line)
    const skeleton = this.#index.find(tokens)
    if (skeleton === undefined) return this.#learn(tokens, lines, line)
    skeleton.lines += lines
    return skeleton.hash
  }

  #learn(tokens: readonly string[], lines: number, line: string): number | Steps<number> {
    const pace = this.#paceOf(tokens.length)
    if (pace.pausedLines > 0) {
      pace.pausedLines = Math.max(0, pace.pausedLines - lines)
      this.#unlearntLines += lines
      return 0
    }
    pace.learnt += 1
    const example = line.slice(0, exampleCharacters)
    const skeleton = this.#put({ text: tokens.join('\n'), lines, example, isTemplate: false })
    const isFull = this.#index.countOf(tokens.length) > this.#maxOfLength || this.#index.size > this.#maxSkeletons
    return isFull ? this.#withRoomFor(skeleton) : skeleton.hash
  }

  #paceOf(length: number): Pace {
    const pace = this.#paces.get(length) ?? { learnt: 0, pausedLines: 0 }
    this.#paces.set(length, pace)
    return pace
  }

  #put(skeleton: SavedSkeleton): Skeleton {
    this.#resolved = null
    return this.#index.put(skeleton)
  }

  #forget(skeleton: Skeleton): void {
    this.#resolved = null
    this.#index.forget(skeleton)
  }

  *#withRoomFor({ length, hash }: Skeleton): Steps<number> {
    yield* this.#makeRoom(length)
    return this.#targetOf(hash)
  }

  /** @param length of what was learnt last. */
  *#makeRoom(length: number): Steps<void> {
    let isShrunk = false
    while (!isShrunk && this.#index.countOf(length) > this.#maxOfLength) isShrunk = yield* this.#shrink(length)
    while (this.#index.size > this.#maxSkeletons) {
      const counts = this.#index.lengths().map((each) => ({ each, count: this.#index.countOf(each) }))
      const [crowded] = counts.sort((a, b) => b.count - a.count || a.each - b.each)
      if (crowded !== undefined) yield* this.#shrink(crowded.each)
    }
  }

  /**
   * Leaves three quarters of the skeletons of one length at most.
   * @returns false, and nothing is done, when others came or went between the steps.
   */
  *#shrink(length: number): Steps<boolean> {
    const before = this.#index.changes
    const own = this.#index.ofLength(length)
    const found = yield* clusters(own)
    yield
    if (this.#index.changes !== before) return false
    for (const { tokens, members } of found) this.#generalise(tokens, members)
    const dropped = this.#dropRarest(length, own.length)
    this.#index.forgetHoles(length)
    for (const hash of this.#aliases.keys()) {
      if (this.#aliases.size <= 4 * this.#maxSkeletons) break
      this.#aliases.delete(hash)
    }
    const pace = this.#paceOf(length)
    if (dropped > pace.learnt / 2) pace.pausedLines = restLines
    pace.learnt = 0
    return true
  }

  /** Puts a template for the skeletons that it covers. */
  #generalise(tokens: Cluster['tokens'], members: readonly Skeleton[]): void {
    const [first] = members
    if (members.length === 1 || first === undefined) return
    for (const member of members) this.#forget(member)
    const text = tokens.join('\n')
    const { hash } = this.#put({ text, lines: linesOf(members), example: first.example, isTemplate: true })
    for (const member of members) if (member.hash !== hash) this.#aliases.set(member.hash, hash)
  }

  /** Where templates saved less than a quarter, half is left of what there was. @returns how many skeletons went. */
  #dropRarest(length: number, before: number): number {
    const left = this.#index.ofLength(length)
    if (left.length <= 0.75 * before) return 0
    const rarestFirst = left.toSorted((a, b) => a.lines - b.lines || (a.text < b.text ? -1 : 1))
    const dropped = rarestFirst.slice(0, left.length - Math.floor(before / 2))
    for (const skeleton of dropped) {
      this.#forget(skeleton)
      this.#unlearntLines += skeleton.lines
    }
    return dropped.length
  }

  /** @returns the hash of the skeleton that stands for this one now, 0 for none. */
  #targetOf(hash: number): number {
    let target = hash
    while (this.#index.ofHash(target) === undefined) {
      const next = this.#aliases.get(target)
      if (next === undefined) return 0
      target = next
    }
    return target
  }

  /** The skeleton that a hash stands for now, its tokens joined by "\n"; null for 0 and for what was dropped. */
  skeletonOf(hash: number): { readonly text: string; readonly isTemplate: boolean } | null {
    const skeleton = this.#index.ofHash(this.#targetOf(hash))
    return skeleton === undefined ? null : { text: skeleton.text, isTemplate: skeleton.isTemplate }
  }

  /** The template of a hash that {@link add} gave; that of all unlearnt lines for 0 and for what was dropped. */
  templateOf(hash: number): Template {
    return this.#resolve().byHash.get(this.#targetOf(hash)) ?? unlearnt
  }

  /** All templates, in the order of their text. */
  templates(): readonly SeenTemplate[] {
    const seen = this.#resolve().groups.map(({ template, members }) => ({
      ...template,
      lines: linesOf(members),
      example: members.map((member) => member.example).sort()[0] ?? '',
    }))
    const all = seen.sort((a, b) => (a.text < b.text ? -1 : 1))
    return this.#unlearntLines === 0 ? all : [...all, { ...unlearnt, lines: this.#unlearntLines, example: '' }]
  }

  #resolve(): Resolved {
    if (this.#resolved !== null) return this.#resolved
    const groups = atOnce(clusters(this.#index.all())).map(({ tokens, members }) => ({
      template: { id: templateId(tokens.join('\n')), text: tokens.join(' ') },
      members,
    }))
    const byMember = groups.flatMap(({ template, members }) => members.map(({ hash }) => [hash, template] as const))
    this.#resolved = { groups, byHash: new Map(byMember) }
    return this.#resolved
  }

  /** Adds what another miner saw: the order of merging does not matter until one of them was full. */
  merge(saved: SavedMiner): void {
    atOnce(this.mergeInSteps(saved))
  }

  *mergeInSteps(other: SavedMiner): Steps<void> {
    if (other.version !== skeletonVersion)
      throw new RangeError(`template miner: expected a state of version ${skeletonVersion}, got ${other.version}`)
    for (const [at, skeleton] of other.skeletons.entries()) {
      if (at % skeletonsOfStep === skeletonsOfStep - 1) yield
      this.#put(skeleton)
    }
    this.#index.forgetShapes()
    for (const [from, to] of other.aliases) if (this.#index.ofHash(from) === undefined) this.#aliases.set(from, to)
    this.#unlearntLines += other.unlearntLines
    for (const length of this.#index.lengths()) yield* this.#makeRoom(length)
  }

  save(): SavedMiner {
    const skeletons = this.#index.all().map(({ text, lines, example, isTemplate }) => ({
      ...{ text, lines, example, isTemplate },
    }))
    const lengths = [...this.#paces].map(([length, { learnt, pausedLines }]) => [length, learnt, pausedLines] as const)
    return {
      version: skeletonVersion,
      skeletons,
      aliases: [...this.#aliases],
      unlearntLines: this.#unlearntLines,
      lengths: lengths.sort(([one], [other]) => one - other),
    }
  }
}

function linesOf(skeletons: readonly Skeleton[]): number {
  return skeletons.reduce((sum, { lines }) => sum + lines, 0)
}

function* clusters(
  skeletons: readonly Skeleton[],
): Steps<{ readonly tokens: Cluster['tokens']; readonly members: readonly Skeleton[] }[]> {
  const found = yield* consolidationOf(skeletons.map(({ text }) => text.split('\n')))
  return found.map(({ tokens, members }) => ({
    tokens,
    members: members.map((member) => skeletons[member] as Skeleton),
  }))
}
