/** Of the way that lines become tokens. Hashes and templates of different versions must not be compared. */
export const skeletonVersion = 't1'

/**
 * A skeleton's identity: 53 bits of its tokens, above 0. The same in every process and release of one
 * {@link skeletonVersion}.
 *
 * @param text the tokens with "\n" between them
 */
export function skeletonHash(text: string): number {
  let [one, other] = [0x811c9dc5, 0x9e3779b1]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    one = Math.imul(one ^ code, 0x01000193)
    other = Math.imul(other ^ code, 0x5bd1e995)
  }
  return (mixed(one ^ (other >>> 7)) >>> 0) * 2 ** 21 + (mixed(other ^ text.length) >>> 11) + 1
}

/** A template's id, `t1:` and 14 hexadecimal digits: the same text has the same id everywhere. */
export function templateId(text: string): string {
  return `${skeletonVersion}:${skeletonHash(text).toString(16).padStart(14, '0')}`
}

/** The final mix of MurmurHash3. */
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
