/**
 * Group names in the order in which the original lists and adds them up: that of Scala 2.12's `groupBy`, which is a hash
 * order. It shows in the list of group scores, and in the last bit of a sum. Up to four groups keep the order of the
 * mutable table that they were gathered in; five and more have that of the immutable trie.
 */
export function groupOrder(names: Iterable<string>): readonly string[] {
  const distinct = [...new Set(names)]
  if (distinct.length > 4) return distinct.sort((a, b) => compareDigits(trieDigits(a), trieDigits(b)))
  // Chains of the table are newest first, and its buckets are walked from the last one down.
  return distinct.reverse().sort((a, b) => bucket(b) - bucket(a))
}

/** java.lang.String.hashCode */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

const swapMultiplier = 0x9e3775cd

function reverseBytes(v: number): number {
  return ((v & 0xff) << 24) | (((v >>> 8) & 0xff) << 16) | (((v >>> 16) & 0xff) << 8) | (v >>> 24)
}

/** The bucket of a table of 16: hash bits swapped, turned right by 4, the upper 4 taken. */
function bucket(name: string): number {
  const swapped = Math.imul(reverseBytes(Math.imul(javaHash(name), swapMultiplier)), swapMultiplier)
  return swapped & 0xf
}

/** The path through the trie: 5 bits a level, lowest first. */
function trieDigits(name: string): readonly number[] {
  let hash = javaHash(name)
  hash = (hash + ~(hash << 9)) | 0
  hash ^= hash >>> 14
  hash = (hash + (hash << 4)) | 0
  hash ^= hash >>> 10
  return Array.from({ length: 7 }, (_, level) => (hash >>> (5 * level)) & 0x1f)
}

function compareDigits(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((digit, i) => digit !== b[i])
  return at === -1 ? 0 : a[at]! - b[at]!
}
