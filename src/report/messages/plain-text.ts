/**
 * Text from outside on one line and without what no reader sees: control characters, line breaks and the marks that
 * turn the direction of writing become one space. Escaping is each format's own matter.
 */
export function plainText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** `text` cut to `longest` UTF-16 units with '…' at its end; no character is cut in two. @param longest at least 1. */
export function clip(text: string, longest: number): string {
  if (text.length <= longest) return text
  const end = longest - 1
  const isSplit = /[\ud800-\udbff]/.test(text.charAt(end - 1))
  return `${text.slice(0, isSplit ? end - 1 : end).trimEnd()}…`
}

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
