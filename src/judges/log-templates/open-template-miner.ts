import { type Cluster, consolidationOf } from './consolidate.ts'
import { openLineScanner } from './scan-line.ts'
import { skeletonHash, skeletonVersion, templateId } from './skeleton-hash.ts'
import { atOnce, type Steps } from './steps.ts'
import { placeholder } from './token-kind.ts'

/** One template as it is known now. */
type Template = { readonly id: string; readonly text: string }

/** A template with how many lines it had, and one of them. */
type SeenTemplate = Template & { readonly lines: number; readonly example: string }

/** A skeleton's tokens joined by "\n", how many lines it had, and one of them. `isTemplate`: it was put for several. */
type SavedSkeleton = {
  readonly text: string
  readonly lines: number
  readonly example: string
  readonly isTemplate: boolean
}

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

/** Learns the templates of one service's log lines. Made by {@link openTemplateMiner}. */
export type TemplateMiner = {
  /**
   * @param line without its header
   * @param lines how often it came, 1 unless told
   * @returns the hash of its skeleton, to count by; 0 for a line that is not learnt
   */
  add(line: string, lines?: number): number
  /** The same, in steps where room has to be made: that takes a while. Others may add lines between the steps. */
  addInSteps(line: string, lines?: number): number | Steps<number>
  /** The skeleton that a hash stands for now, its tokens joined by "\n"; null for 0 and for what was dropped. */
  skeletonOf(hash: number): { readonly text: string; readonly isTemplate: boolean } | null
  /** The template of a hash that {@link TemplateMiner.add} gave; that of all unlearnt lines for 0 and for what was dropped. */
  templateOf(hash: number): Template
  /** All templates, in the order of their text. */
  templates(): readonly SeenTemplate[]
  /** Adds what another miner saw: the order of merging does not matter until one of them was full. */
  merge(saved: SavedMiner): void
  mergeInSteps(saved: SavedMiner): Steps<void>
  save(): SavedMiner
}

const defaultMaxSkeletons = 5_000
/** Of those the part that may have one length: lines without a shape push out each other, and making room takes no longer. */
const partOfOneLength = 0.2
const exampleCharacters = 500
/** A miner that throws away most of what it learnt of one length reads no log: it learns no more of it for so many such lines. */
const restLines = 100_000
/** So many skeletons are taken in within a millisecond or two. */
const skeletonsOfStep = 500

type Skeleton = {
  readonly text: string
  readonly hash: number
  /** In tokens. */
  readonly length: number
  lines: number
  example: string
  isTemplate: boolean
}

/**
 * A miner keeps the skeletons (see {@link openLineScanner}) with their counts, and finds templates among them when asked.
 * Templates only ever generalise, and their ids change when they do: so count by skeleton hash, and resolve hashes when
 * reading. To compare a canary with its baseline add both to one miner: two miners may draw the line elsewhere.
 *
 * @param saved a state to go on from; RangeError when another version of the miner wrote it
 * @param maxSkeletons a full miner (a fifth of them may have one length) puts templates for the skeletons of its most
 * frequent length that they cover, then drops the rarest
 */
export function openTemplateMiner(saved?: SavedMiner, maxSkeletons: number = defaultMaxSkeletons): TemplateMiner {
  const scan = openLineScanner()
  const byText = new Map<string, Skeleton>()
  const byHash = new Map<number, Skeleton>()
  /** Lines that came before, found without a string of all their tokens; another one may have the same shape. */
  const byShape = new Map<number, { readonly tokens: readonly string[]; readonly skeleton: Skeleton }>()
  const aliases = new Map<number, number>()
  /** For each count of tokens the sets of places, as text, at which a template of a full miner has values. */
  const holes = new Map<number, Map<string, readonly number[]>>()
  const lengths = new Map<number, Length>()
  const maxOfLength = Math.ceil(partOfOneLength * maxSkeletons)
  let unlearntLines = 0
  let resolved: Resolved | null = null
  /** How often a skeleton has come or gone. */
  let changes = 0
  if (saved !== undefined) {
    merge(saved)
    for (const [length, learnt, pausedLines] of saved.lengths) Object.assign(lengthOf(length), { learnt, pausedLines })
  }

  function add(line: string, lines = 1): number {
    const added = addInSteps(line, lines)
    return typeof added === 'number' ? added : atOnce(added)
  }

  function addInSteps(line: string, lines = 1): number | Steps<number> {
    const tokens = scan(line)
    const shape = shapeOf(tokens)
    const last = byShape.get(shape)
    let text = ''
    let skeleton = last !== undefined && isSame(last.tokens, tokens) ? last.skeleton : undefined
    if (skeleton === undefined) {
      text = tokens.join('\n')
      skeleton = byText.get(text) ?? coveredBy(tokens)
      if (skeleton !== undefined) rememberShape(shape, tokens, skeleton)
    }
    if (skeleton === undefined) return learn(text, tokens.length, lines, line)
    skeleton.lines += lines
    return skeleton.hash
  }

  function rememberShape(shape: number, tokens: readonly string[], skeleton: Skeleton): void {
    if (byShape.size >= maxSkeletons) byShape.clear()
    byShape.set(shape, { tokens, skeleton })
  }

  function coveredBy(tokens: readonly string[]): Skeleton | undefined {
    for (const places of holes.get(tokens.length)?.values() ?? []) {
      const general = [...tokens]
      for (const place of places) general[place] = placeholder
      const skeleton = byText.get(general.join('\n'))
      if (skeleton?.isTemplate === true) return skeleton
    }
    return undefined
  }

  function lengthOf(tokens: number): Length {
    let length = lengths.get(tokens)
    if (length === undefined) {
      length = { skeletons: 0, learnt: 0, pausedLines: 0 }
      lengths.set(tokens, length)
    }
    return length
  }

  function learn(text: string, tokens: number, lines: number, example: string): number | Steps<number> {
    const length = lengthOf(tokens)
    if (length.pausedLines > 0) {
      length.pausedLines = Math.max(0, length.pausedLines - lines)
      unlearntLines += lines
      return 0
    }
    length.learnt += 1
    const skeleton = put({ text, lines, example: example.slice(0, exampleCharacters), isTemplate: false })
    return length.skeletons > maxOfLength || byText.size > maxSkeletons ? withRoomFor(skeleton) : skeleton.hash
  }

  function* withRoomFor({ length, hash }: Skeleton): Steps<number> {
    yield* makeRoom(length)
    return targetOf(hash)
  }

  function put({ text, lines, example, isTemplate }: SavedSkeleton): Skeleton {
    resolved = null
    const known = byText.get(text)
    const skeleton = known ?? create(text, example, isTemplate)
    skeleton.lines += lines
    if (example < skeleton.example) skeleton.example = example
    if (isTemplate) rememberHoles(skeleton)
    return skeleton
  }

  function create(text: string, example: string, isTemplate: boolean): Skeleton {
    const length = text.split('\n').length
    const skeleton: Skeleton = { text, hash: skeletonHash(text), length, lines: 0, example, isTemplate }
    byText.set(text, skeleton)
    byHash.set(skeleton.hash, skeleton)
    lengthOf(length).skeletons += 1
    changes += 1
    return skeleton
  }

  function rememberHoles(skeleton: Skeleton): void {
    skeleton.isTemplate = true
    const tokens = skeleton.text.split('\n')
    const places = tokens.flatMap((token, at) => (token === placeholder ? [at] : []))
    const known = holes.get(tokens.length) ?? new Map<string, readonly number[]>()
    known.set(places.join(), places)
    holes.set(tokens.length, known)
  }

  /** @param length of what was learnt last. */
  function* makeRoom(length: number): Steps<void> {
    let isShrunk = false
    while (!isShrunk && lengthOf(length).skeletons > maxOfLength) isShrunk = yield* shrink(length)
    while (byText.size > maxSkeletons) {
      const [crowded] = [...lengths].sort((a, b) => b[1].skeletons - a[1].skeletons || a[0] - b[0])
      if (crowded !== undefined) yield* shrink(crowded[0])
    }
  }

  /**
   * Leaves three quarters of the skeletons of one length at most.
   * @returns false, and nothing is done, when others came or went between the steps.
   */
  function* shrink(length: number): Steps<boolean> {
    const before = changes
    const own = [...byText.values()].filter((skeleton) => skeleton.length === length)
    const found = yield* clusters(own)
    yield
    if (changes !== before) return false
    for (const { tokens, members } of found) {
      const [first] = members
      if (members.length === 1 || first === undefined) continue
      for (const member of members) forget(member)
      const { hash } = put({
        text: tokens.join('\n'),
        lines: linesOf(members),
        example: first.example,
        isTemplate: true,
      })
      for (const member of members) if (member.hash !== hash) aliases.set(member.hash, hash)
    }
    const left = [...byText.values()].filter((skeleton) => skeleton.length === length)
    let dropped = 0
    if (left.length > 0.75 * own.length) {
      left.sort((a, b) => a.lines - b.lines || (a.text < b.text ? -1 : 1))
      for (const skeleton of left.slice(0, left.length - Math.floor(own.length / 2))) {
        forget(skeleton)
        unlearntLines += skeleton.lines
        dropped += 1
      }
    }
    // Places that no template has any more would be tried for every new line.
    holes.delete(length)
    for (const skeleton of left) if (skeleton.isTemplate && byText.has(skeleton.text)) rememberHoles(skeleton)
    for (const hash of aliases.keys()) {
      if (aliases.size <= 4 * maxSkeletons) break
      aliases.delete(hash)
    }
    const state = lengthOf(length)
    if (dropped > state.learnt / 2) state.pausedLines = restLines
    state.learnt = 0
    return true
  }

  function forget(skeleton: Skeleton): void {
    resolved = null
    changes += 1
    byShape.clear()
    byText.delete(skeleton.text)
    byHash.delete(skeleton.hash)
    lengthOf(skeleton.length).skeletons -= 1
  }

  /** @returns the hash of the skeleton that stands for this one now, 0 for none. */
  function targetOf(hash: number): number {
    let target = hash
    while (!byHash.has(target)) {
      const next = aliases.get(target)
      if (next === undefined) return 0
      target = next
    }
    return target
  }

  function resolve(): Resolved {
    if (resolved !== null) return resolved
    const groups = atOnce(clusters([...byText.values()])).map(({ tokens, members }) => ({
      template: { id: templateId(tokens.join('\n')), text: tokens.join(' ') },
      members,
    }))
    const byMember = groups.flatMap(({ template, members }) => members.map(({ hash }) => [hash, template] as const))
    resolved = { groups, byHash: new Map(byMember) }
    return resolved
  }

  function skeletonOf(hash: number): { readonly text: string; readonly isTemplate: boolean } | null {
    const skeleton = byHash.get(targetOf(hash))
    return skeleton === undefined ? null : { text: skeleton.text, isTemplate: skeleton.isTemplate }
  }

  function templateOf(hash: number): Template {
    return resolve().byHash.get(targetOf(hash)) ?? unlearnt
  }

  function templates(): readonly SeenTemplate[] {
    const seen = resolve().groups.map(({ template, members }) => ({
      ...template,
      lines: linesOf(members),
      example: members.map((member) => member.example).sort()[0] ?? '',
    }))
    const all = seen.sort((a, b) => (a.text < b.text ? -1 : 1))
    return unlearntLines === 0 ? all : [...all, { ...unlearnt, lines: unlearntLines, example: '' }]
  }

  function merge(other: SavedMiner): void {
    atOnce(mergeInSteps(other))
  }

  function* mergeInSteps(other: SavedMiner): Steps<void> {
    if (other.version !== skeletonVersion)
      throw new RangeError(`template miner: expected a state of version ${skeletonVersion}, got ${other.version}`)
    for (const [at, skeleton] of other.skeletons.entries()) {
      if (at % skeletonsOfStep === skeletonsOfStep - 1) yield
      put(skeleton)
    }
    byShape.clear()
    for (const [from, to] of other.aliases) if (!byHash.has(from)) aliases.set(from, to)
    unlearntLines += other.unlearntLines
    for (const length of [...lengths.keys()]) yield* makeRoom(length)
  }

  function save(): SavedMiner {
    const skeletons = [...byText.values()].map(({ text, lines, example, isTemplate }) => ({
      text,
      lines,
      example,
      isTemplate,
    }))
    return {
      version: skeletonVersion,
      skeletons,
      aliases: [...aliases],
      unlearntLines,
      lengths: [...lengths]
        .map(([length, { learnt, pausedLines }]) => [length, learnt, pausedLines] as const)
        .sort(([one], [other]) => one - other),
    }
  }

  return { add, addInSteps, skeletonOf, templateOf, templates, merge, mergeInSteps, save }
}

/** What is known of the skeletons with one number of tokens. */
type Length = { skeletons: number; learnt: number; pausedLines: number }

type Group = { readonly template: Template; readonly members: readonly Skeleton[] }
type Resolved = { readonly groups: readonly Group[]; readonly byHash: ReadonlyMap<number, Template> }

/** What stands for all lines whose skeleton is not kept. */
const unlearnt: Template = { id: templateId(placeholder), text: placeholder }

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

/** A number that differs for most lines of different tokens. */
function shapeOf(tokens: readonly string[]): number {
  let shape = tokens.length
  for (const token of tokens) {
    const { length } = token
    shape = Math.imul(shape ^ (token.charCodeAt(0) + (token.charCodeAt(length - 1) << 8) + (length << 16)), 0x01000193)
  }
  return shape
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false
  return true
}
