/** What varies from one message of a statement to the next; words of letters and digits are identifiers. */
const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
const wordWithDigit = /[\p{L}_]*\d[\p{L}\d_]*/gu
const runOfMasks = /<\*>(?:[\s.,:;/|+-]*<\*>)+/g
/** A token that is longer than words get: base64, signatures, URLs with everything in them. */
const longToken = /\S{60,}/g

/** So much of a message names its statement; what follows is mostly data. */
const skeletonLength = 96

/**
 * The part of a message that stays the same whenever its statement runs: of a JSON object its message, then numbers,
 * hexadecimal, uuids, addresses, source line numbers and identifiers masked as <*>, and cut after 96 characters.
 * Line numbers go too, because every build moves them.
 */
export function messageSkeleton(message: string): string {
  return textOf(message)
    .slice(0, 4 * skeletonLength)
    .replace(uuid, '<*>')
    .replace(wordWithDigit, '<*>')
    .replace(runOfMasks, '<*>')
    .replace(longToken, '<*>')
    .slice(0, skeletonLength)
    .trim()
}

/** Severity and message of a structured line; the line itself when it is none. */
function textOf(message: string): string {
  if (!message.startsWith('{')) return message
  try {
    const fields: unknown = JSON.parse(message)
    if (typeof fields !== 'object' || fields === null) return message
    const { message: text, msg, severity, level } = fields as Readonly<Record<string, unknown>>
    const said = text ?? msg
    return typeof said === 'string' ? `${String(severity ?? level ?? '')} ${said}` : message
  } catch {
    return message
  }
}
