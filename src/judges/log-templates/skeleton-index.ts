import { skeletonHash } from './skeleton-hash.ts'
import { placeholder } from './token-kind.ts'

/** A skeleton's tokens joined by "\n", how many lines it had, and one of them. `isTemplate`: it was put for several. */
export type SavedSkeleton = {
  readonly text: string
  readonly lines: number
  readonly example: string
  readonly isTemplate: boolean
}

/** A skeleton that is kept. */
export type Skeleton = {
  readonly text: string
  readonly hash: number
  /** In tokens. */
  readonly length: number
  lines: number
  example: string
  isTemplate: boolean
}

/** The skeletons that a miner keeps, found by a line's tokens, by their hash, or by their number of tokens. */
export class SkeletonIndex {
  readonly #byText = new Map<string, Skeleton>()
  readonly #byHash = new Map<number, Skeleton>()
  /** Lines that came before, found without a string of all their tokens; another one may have the same shape. */
  readonly #byShape = new Map<number, { readonly tokens: readonly string[]; readonly skeleton: Skeleton }>()
  readonly #maxShapes: number
  /** For each count of tokens the sets of places, as text, at which a template of a full miner has values. */
  readonly #holes = new Map<number, Map<string, readonly number[]>>()
  readonly #counts = new Map<number, number>()
  #changes = 0

  /** @param maxShapes how many lines are found without a string of all their tokens */
  constructor(maxShapes: number) {
    this.#maxShapes = maxShapes
  }

  get size(): number {
    return this.#byText.size
  }

  /** How often a skeleton has come or gone. */
  get changes(): number {
    return this.#changes
  }

  /** In the order of their coming. */
  all(): readonly Skeleton[] {
    return [...this.#byText.values()]
  }

  /** Those of so many tokens, in the order of their coming. */
  ofLength(length: number): readonly Skeleton[] {
    return this.all().filter((skeleton) => skeleton.length === length)
  }

  countOf(length: number): number {
    return this.#counts.get(length) ?? 0
  }

  /** The lengths that there are, in the order of their coming. */
  lengths(): readonly number[] {
    return [...this.#counts.keys()]
  }

  has(skeleton: Skeleton): boolean {
    return this.#byText.has(skeleton.text)
  }

  ofHash(hash: number): Skeleton | undefined {
    return this.#byHash.get(hash)
  }

  /** The skeleton of these tokens, or a full miner's template that covers them. */
  find(tokens: readonly string[]): Skeleton | undefined {
    const shape = shapeOf(tokens)
    const last = this.#byShape.get(shape)
    if (last !== undefined && isSame(last.tokens, tokens)) return last.skeleton
    const skeleton = this.#byText.get(tokens.join('\n')) ?? this.#coveredBy(tokens)
    if (skeleton === undefined) return undefined
    if (this.#byShape.size >= this.#maxShapes) this.#byShape.clear()
    this.#byShape.set(shape, { tokens, skeleton })
    return skeleton
  }

  #coveredBy(tokens: readonly string[]): Skeleton | undefined {
    for (const places of this.#holes.get(tokens.length)?.values() ?? []) {
      const general = [...tokens]
      for (const place of places) general[place] = placeholder
      const skeleton = this.#byText.get(general.join('\n'))
      if (skeleton?.isTemplate === true) return skeleton
    }
    return undefined
  }

  /** Adds lines to a skeleton, which is made if it is not there. */
  put({ text, lines, example, isTemplate }: SavedSkeleton): Skeleton {
    const skeleton = this.#byText.get(text) ?? this.#create(text, example)
    skeleton.lines += lines
    if (example < skeleton.example) skeleton.example = example
    if (isTemplate) {
      skeleton.isTemplate = true
      this.#rememberHoles(skeleton)
    }
    return skeleton
  }

  #create(text: string, example: string): Skeleton {
    const length = text.split('\n').length
    const skeleton: Skeleton = { text, hash: skeletonHash(text), length, lines: 0, example, isTemplate: false }
    this.#byText.set(text, skeleton)
    this.#byHash.set(skeleton.hash, skeleton)
    this.#counts.set(length, this.countOf(length) + 1)
    this.#changes += 1
    return skeleton
  }

  forget(skeleton: Skeleton): void {
    this.#changes += 1
    this.#byShape.clear()
    this.#byText.delete(skeleton.text)
    this.#byHash.delete(skeleton.hash)
    this.#counts.set(skeleton.length, this.countOf(skeleton.length) - 1)
  }

  /** Lines are found by their tokens again: one that a template covered may have a skeleton of its own now. */
  forgetShapes(): void {
    this.#byShape.clear()
  }

  /** Places that no template of this length has any more are not tried again for every new line. */
  forgetHoles(length: number): void {
    this.#holes.delete(length)
    for (const skeleton of this.ofLength(length)) if (skeleton.isTemplate) this.#rememberHoles(skeleton)
  }

  #rememberHoles({ text }: Skeleton): void {
    const tokens = text.split('\n')
    const places = tokens.flatMap((token, at) => (token === placeholder ? [at] : []))
    const known = this.#holes.get(tokens.length) ?? new Map<string, readonly number[]>()
    known.set(places.join(), places)
    this.#holes.set(tokens.length, known)
  }
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
