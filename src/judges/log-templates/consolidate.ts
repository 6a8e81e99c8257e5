import { atOnce, type Steps } from './steps.ts'
import { placeholder, type TokenKind, tokenKind } from './token-kind.ts'

/** A template and the skeletons (by their index) that it stands for. */
export type Cluster = { readonly tokens: readonly string[]; readonly members: readonly number[] }

const iterations = 3
const holeRounds = 5
/** How many different values make a column of that kind a variable, with all the rest of the line equal. */
const valuesOfVariable: Readonly<Record<TokenKind, number>> = {
  masked: 1,
  dotted: 2,
  quoted: 2,
  numbered: 3,
  boolean: 3,
  value: 4,
  word: 5,
  punctuation: Number.POSITIVE_INFINITY,
}
const strictness: readonly TokenKind[] = ['word', 'value', 'boolean', 'numbered', 'quoted', 'dotted']
/** A line's first word names who speaks (`cupsd started`): few of them are a set of names. */
const manyAtTheStart = 12
const manyWithFewWords = 8
const fewAfterHint = 3
/** After these words comes a name. */
const hints = new Set('user users host hostname file from by uid'.split(' '))
const frequentFrom = 4
/** So many clusters are looked at in a few milliseconds, however long their lines are. */
const clustersOfStep = 250

/**
 * Finds the variables that masks cannot know: skeletons that differ in few places become one template. A pure function of the
 * set of skeletons, whatever their order, so two miners' skeletons joined give what one miner would have found.
 * Only skeletons of one length are joined.
 */
export function consolidate(skeletons: readonly (readonly string[])[]): Cluster[] {
  return atOnce(consolidationOf(skeletons))
}

/** The same in steps, none of which takes long: thousands of skeletons of one length take a tenth of a second together. */
export function* consolidationOf(skeletons: readonly (readonly string[])[]): Steps<Cluster[]> {
  const byLength = new Map<number, Cluster[]>()
  skeletons.forEach((tokens, index) => {
    const group = byLength.get(tokens.length)
    if (group === undefined) byLength.set(tokens.length, [{ tokens, members: [index] }])
    else group.push({ tokens, members: [index] })
  })
  const all: Cluster[] = []
  for (const group of byLength.values()) {
    yield
    for (const cluster of yield* consolidateLength(sorted(yield* joinEqual(group)))) all.push(cluster)
  }
  return all
}

function* consolidateLength(clusters: readonly Cluster[]): Steps<readonly Cluster[]> {
  let current = clusters
  for (let round = 0; round < iterations && current.length > 1; round += 1) {
    const before = current.length
    yield
    current = sorted(yield* joinSoftColumns(current))
    for (let hole = 0; hole < holeRounds; hole += 1) {
      yield
      const joined = yield* joinOneHole(current, yield* holeBuckets(current))
      const isDone = joined.length === current.length
      yield
      current = sorted(joined)
      if (isDone) break
    }
    yield
    current = sorted(yield* joinManyHoles(current))
    if (current.length === before) break
  }
  return current
}

/** Columns that are no plain words: values, numbered or dotted names, quotes. */
function* joinSoftColumns(clusters: readonly Cluster[]): Steps<Cluster[]> {
  const groups = yield* grouped(clusters, (tokens) =>
    tokens.map((token, at) => (isSoft(tokenKind(token, tokens[at - 1])) ? placeholder : token)).join('\n'),
  )
  const joined = [...groups.values()].flatMap((group) => {
    if (group.length === 1) return group
    const first = (group[0] as Cluster).tokens
    const variable = first.map(
      (token, at) =>
        isSoft(tokenKind(token, first[at - 1])) &&
        isVariable(
          group.map((one) => one.tokens),
          at,
        ),
    )
    return group.map(({ tokens, members }) => ({
      tokens: tokens.map((token, at) => (variable[at] === true ? placeholder : token)),
      members,
    }))
  })
  yield
  return yield* joinEqual(joined)
}

function isSoft(kind: TokenKind): boolean {
  return kind !== 'word' && kind !== 'punctuation'
}

function isVariable(lines: readonly (readonly string[])[], at: number): boolean {
  const values = new Set(lines.map((tokens) => tokens[at] as string))
  if (values.size === 1) return false
  if (values.has(placeholder)) return true
  const kinds = new Set(lines.map((tokens) => tokenKind(tokens[at] as string, tokens[at - 1])))
  const strictest = strictness.find((kind) => kinds.has(kind)) ?? 'word'
  return values.size >= (at === 0 ? manyAtTheStart : valuesOfVariable[strictest])
}

type Bucket = { readonly position: number; readonly clusters: number[] }

/** Clusters that are equal but for one column lie in one bucket. */
function* holeBuckets(clusters: readonly Cluster[]): Steps<Iterable<Bucket>> {
  const buckets = new Map<number, Bucket>()
  for (const [index, { tokens }] of clusters.entries()) {
    if (isStepOver(index)) yield
    const keys = holeKeys(tokens)
    for (let position = 0; position < tokens.length; position += 1) {
      if (tokenKind(tokens[position] as string, tokens[position - 1]) === 'punctuation') continue
      const key = keys[position] as number
      const bucket = buckets.get(key)
      if (bucket === undefined) buckets.set(key, { position, clusters: [index] })
      else bucket.clusters.push(index)
    }
  }
  return buckets.values()
}

function* joinOneHole(clusters: readonly Cluster[], buckets: Iterable<Bucket>): Steps<Cluster[]> {
  const isTaken = new Uint8Array(clusters.length)
  const joined: Cluster[] = []
  const candidates = [...buckets].filter((bucket) => bucket.clusters.length > 1)
  candidates.sort(
    (one, other) =>
      other.clusters.length - one.clusters.length ||
      (one.clusters[0] as number) - (other.clusters[0] as number) ||
      one.position - other.position,
  )
  yield
  for (const [at, { position, clusters: all }] of candidates.entries()) {
    if (isStepOver(at)) yield
    const free = all.filter((index) => isTaken[index] === 0)
    if (
      free.length < 2 ||
      !isHole(
        free.map((index) => (clusters[index] as Cluster).tokens),
        position,
      )
    )
      continue
    const { tokens } = clusters[free[0] as number] as Cluster
    joined.push({
      tokens: tokens.with(position, placeholder),
      members: free.flatMap((index) => (clusters[index] as Cluster).members),
    })
    for (const index of free) isTaken[index] = 1
  }
  return yield* joinEqual([...joined, ...clusters.filter((_, index) => isTaken[index] === 0)])
}

function isHole(lines: readonly (readonly string[])[], position: number): boolean {
  const first = lines[0] as readonly string[]
  const words = first.filter((token, at) => at !== position && isConstantWord(token)).length
  if (words === 0) return false
  const values = new Set(lines.map((tokens) => tokens[position] as string))
  if (values.has(placeholder)) {
    const hasWord = lines.some((tokens) => tokenKind(tokens[position] as string, tokens[position - 1]) === 'word')
    if (!hasWord || (words >= 2 && (position > 0 || values.size > 3))) return true
  }
  return values.size >= neededValues(first, position, words)
}

function neededValues(tokens: readonly string[], position: number, words: number): number {
  if (position === 0) return manyAtTheStart
  if (hints.has((tokens[position - 1] as string).toLowerCase())) return fewAfterHint
  return words < 2 ? manyWithFewWords : valuesOfVariable.word
}

function isConstantWord(token: string): boolean {
  const kind = tokenKind(token, undefined)
  return kind !== 'punctuation' && kind !== 'masked'
}

/** Clusters that share their frequent words and differ in two or more columns, each of them with many values. */
function* joinManyHoles(clusters: readonly Cluster[]): Steps<Cluster[]> {
  const frequency = new Map<string, number>()
  for (const [index, { tokens }] of clusters.entries()) {
    if (isStepOver(index)) yield
    tokens.forEach((token, at) => {
      const key = `${at}\n${token}`
      frequency.set(key, (frequency.get(key) ?? 0) + 1)
    })
  }
  function isHoleAt(token: string, at: number): boolean {
    return tokenKind(token, undefined) !== 'punctuation' && (frequency.get(`${at}\n${token}`) ?? 0) < frequentFrom
  }
  const groups = yield* grouped(clusters, (tokens) =>
    tokens.map((token, at) => (isHoleAt(token, at) ? '' : token)).join('\n'),
  )
  yield
  const joined = [...groups.values()].flatMap((group) => {
    const { tokens } = group[0] as Cluster
    const holes = tokens.flatMap((token, at) => (isHoleAt(token, at) ? [at] : []))
    const words = tokens.filter((token, at) => !isHoleAt(token, at) && isConstantWord(token)).length
    if (group.length < frequentFrom || holes.length < 2 || words < 2 || words < holes.length) return group
    const isEach = holes.every((at) => new Set(group.map((one) => one.tokens[at])).size >= frequentFrom)
    if (!isEach) return group
    return [
      {
        tokens: tokens.map((token, at) => (isHoleAt(token, at) ? placeholder : token)),
        members: group.flatMap((one) => one.members),
      },
    ]
  })
  yield
  return yield* joinEqual(joined)
}

function* joinEqual(clusters: readonly Cluster[]): Steps<Cluster[]> {
  const groups = yield* grouped(clusters, (tokens) => tokens.join('\n'))
  return [...groups.values()].map((group) =>
    group.length === 1
      ? (group[0] as Cluster)
      : { tokens: (group[0] as Cluster).tokens, members: group.flatMap((one) => one.members) },
  )
}

function* grouped(
  clusters: readonly Cluster[],
  keyOf: (tokens: readonly string[]) => string,
): Steps<Map<string, Cluster[]>> {
  const groups = new Map<string, Cluster[]>()
  for (const [index, cluster] of clusters.entries()) {
    if (isStepOver(index)) yield
    const key = keyOf(cluster.tokens)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [cluster])
    else group.push(cluster)
  }
  return groups
}

function isStepOver(index: number): boolean {
  return index % clustersOfStep === clustersOfStep - 1
}

/** The order of the text, so that nothing depends on the order of arrival. */
function sorted(clusters: readonly Cluster[]): Cluster[] {
  return clusters
    .map((cluster) => ({ cluster, text: cluster.tokens.join('\n') }))
    .sort((one, other) => (one.text < other.text ? -1 : one.text > other.text ? 1 : 0))
    .map(({ cluster }) => cluster)
}

/** For each position a number that is equal for lines which are equal everywhere else. */
function holeKeys(tokens: readonly string[]): Float64Array {
  const keys = new Float64Array(tokens.length)
  const high = new Int32Array(tokens.length)
  const low = new Int32Array(tokens.length)
  let [sumHigh, sumLow] = [0, 0]
  tokens.forEach((token, at) => {
    high[at] = textHash(token, at * 2 + 1)
    low[at] = textHash(token, at * 2 + 2)
    sumHigh = (sumHigh + (high[at] as number)) | 0
    sumLow = (sumLow + (low[at] as number)) | 0
  })
  tokens.forEach((_, at) => {
    const place = textHash('', at + 7)
    const one = ((sumHigh - (high[at] as number)) ^ place) >>> 0
    const other = ((sumLow - (low[at] as number)) ^ place) >>> 11
    keys[at] = one * 2 ** 21 + other
  })
  return keys
}

/** 32-bit FNV-1a with a seed and a final mix. */
function textHash(text: string, seed: number): number {
  let hash = Math.imul(seed, 0x9e3779b1) ^ 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
