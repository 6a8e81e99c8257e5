import { openLineScanner } from '../log-templates/scan-line.ts'

/** So much of a message names its statement; what follows is mostly data. */
const skeletonLength = 96

/**
 * The part of a message that stays the same whenever its statement runs: of a JSON object its severity and message, with
 * values masked as in every log, and cut after 96 characters.
 */
export function openMessageSkeletons(): (message: string) => string {
  const scan = openLineScanner()
  return (message) =>
    scan(textOf(message).slice(0, 4 * skeletonLength))
      .join(' ')
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
