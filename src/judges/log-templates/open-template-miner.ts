import { type Cluster, consolidate } from './consolidate.ts'
import { openLineScanner } from './scan-line.ts'
import { skeletonHash, skeletonVersion, templateId } from './skeleton-hash.ts'
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
  readonly learntSinceFull: number
  /** Lines for which unknown skeletons are not learnt yet. */
  readonly pausedLines: number
}

/** Learns the templates of one service's log lines. Made by {@link openTemplateMiner}. */
export type TemplateMiner = {
  /**
   * @param line without its header
   * @param lines how often it came, 1 unless told
   * @returns the hash of its skeleton, to count by; 0 for a line that is not learnt
   */
  add(line: string, lines?: number): number
  /** The skeleton that a hash stands for now, its tokens joined by "\n"; null for 0 and for what was dropped. */
  skeletonOf(hash: number): { readonly text: string; readonly isTemplate: boolean } | null
  /** The template of a hash that {@link TemplateMiner.add} gave; that of all unlearnt lines for 0 and for what was dropped. */
  templateOf(hash: number): Template
  /** All templates, in the order of their text. */
  templates(): readonly SeenTemplate[]
  /** Adds what another miner saw: the order of merging does not matter until one of them was full. */
  merge(saved: SavedMiner): void
  save(): SavedMiner
}

const defaultMaxSkeletons = 5_000
const exampleCharacters = 500
/** A miner that throws away most of what it learns since it was last full reads no log: it rests for so many lines. */
const restLines = 100_000

type Skeleton = { readonly text: string; readonly hash: number; lines: number; example: string; isTemplate: boolean }

/**
 * A miner keeps the skeletons (see {@link openLineScanner}) with their counts, and finds templates among them when asked.
 * Templates only ever generalise, and their ids change when they do: so count by skeleton hash, and resolve hashes when
 * reading. To compare a canary with its baseline add both to one miner: two miners may draw the line elsewhere.
 *
 * @param saved a state to go on from; RangeError when another version of the miner wrote it
 * @param maxSkeletons a full miner puts templates for the skeletons that they cover, then drops the rarest
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
  let [unlearntLines, learntSinceFull, pausedLines] = [0, 0, 0]
  let resolved: Resolved | null = null
  if (saved !== undefined) {
    merge(saved)
    ;({ learntSinceFull, pausedLines } = saved)
  }

  function add(line: string, lines = 1): number {
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
    if (pausedLines > 0) pausedLines = Math.max(0, pausedLines - lines)
    if (skeleton === undefined) return learn(text, lines, line)
    skeleton.lines += lines
    return skeleton.hash
  }

  function rememberShape(shape: number, tokens: readonly string[], skeleton: Skeleton): void {
    if (byShape.size >= maxSkeletons) byShape.clear()
    byShape.set(shape, { tokens: [...tokens], skeleton })
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

  function learn(text: string, lines: number, example: string): number {
    if (pausedLines > 0) {
      unlearntLines += lines
      return 0
    }
    learntSinceFull += 1
    const skeleton = put({ text, lines, example: example.slice(0, exampleCharacters), isTemplate: false })
    if (byText.size > maxSkeletons) shrink()
    return targetOf(skeleton.hash)
  }

  function put({ text, lines, example, isTemplate }: SavedSkeleton): Skeleton {
    resolved = null
    const known = byText.get(text)
    const skeleton: Skeleton = known ?? { text, hash: skeletonHash(text), lines: 0, example, isTemplate }
    skeleton.lines += lines
    if (example < skeleton.example) skeleton.example = example
    if (isTemplate) rememberHoles(skeleton)
    byText.set(text, skeleton)
    byHash.set(skeleton.hash, skeleton)
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

  function shrink(): void {
    for (const { tokens, members } of clusters([...byText.values()])) {
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
    let dropped = 0
    if (byText.size > 0.75 * maxSkeletons) {
      const rarest = [...byText.values()].sort((a, b) => a.lines - b.lines || (a.text < b.text ? -1 : 1))
      for (const skeleton of rarest.slice(0, byText.size - Math.floor(maxSkeletons / 2))) {
        forget(skeleton)
        unlearntLines += skeleton.lines
        dropped += 1
      }
    }
    // Places that no template has any more would be tried for every new line.
    holes.clear()
    for (const skeleton of byText.values()) if (skeleton.isTemplate) rememberHoles(skeleton)
    for (const hash of aliases.keys()) {
      if (aliases.size <= 4 * maxSkeletons) break
      aliases.delete(hash)
    }
    if (dropped > learntSinceFull / 2) pausedLines = restLines
    learntSinceFull = 0
  }

  function forget(skeleton: Skeleton): void {
    resolved = null
    byShape.clear()
    byText.delete(skeleton.text)
    byHash.delete(skeleton.hash)
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
    const groups = clusters([...byText.values()]).map(({ tokens, members }) => ({
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
    if (other.version !== skeletonVersion)
      throw new RangeError(`template miner: expected a state of version ${skeletonVersion}, got ${other.version}`)
    byShape.clear()
    for (const skeleton of other.skeletons) put(skeleton)
    for (const [from, to] of other.aliases) if (!byHash.has(from)) aliases.set(from, to)
    unlearntLines += other.unlearntLines
    if (byText.size > maxSkeletons) shrink()
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
      learntSinceFull,
      pausedLines,
    }
  }

  return { add, skeletonOf, templateOf, templates, merge, save }
}

type Group = { readonly template: Template; readonly members: readonly Skeleton[] }
type Resolved = { readonly groups: readonly Group[]; readonly byHash: ReadonlyMap<number, Template> }

/** What stands for all lines whose skeleton is not kept. */
const unlearnt: Template = { id: templateId(placeholder), text: placeholder }

function linesOf(skeletons: readonly Skeleton[]): number {
  return skeletons.reduce((sum, { lines }) => sum + lines, 0)
}

function clusters(
  skeletons: readonly Skeleton[],
): { readonly tokens: Cluster['tokens']; readonly members: readonly Skeleton[] }[] {
  return consolidate(skeletons.map(({ text }) => text.split('\n'))).map(({ tokens, members }) => ({
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
