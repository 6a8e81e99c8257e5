/** Longest sentence of a reason: GitHub's statuses and phones cut there. */
const summaryLength = 140

/** `text` with its middle left out when it is longer than `length`; the end of a name often tells it apart. */
function clipMiddle(text: string, head: number, tail: number): string {
  const characters = [...text]
  if (characters.length <= head + tail + 1) return text
  return `${characters.slice(0, head).join('')}…${characters.slice(-tail).join('')}`
}

/** `text` without its end when it is longer than `length`. */
export function clip(text: string, length: number): string {
  const characters = [...text]
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}

/** A version for a sentence: at most 24 characters, else its first 12 and last 6. */
export function shortVersion(version: string): string {
  return [...version].length <= 24 ? version : clipMiddle(version, 12, 6)
}

/** A service or route for a sentence. */
export function shortName(name: string): string {
  return clipMiddle(name, 28, 11)
}

/** The first of the candidates that is short enough; the last one is cut when none is. */
export function fitSummary(candidates: readonly string[]): string {
  const fitting = candidates.find((text) => [...text].length <= summaryLength)
  return fitting ?? `${[...candidates.at(-1)!].slice(0, summaryLength - 1).join('')}…`
}

/** 'p99', 'p99.9'. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toFixed(3))}`
}
