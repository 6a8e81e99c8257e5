/**
 * What a character is to the scanner of log lines. `sign` is what numbers hold beside digits, `other` the rest of ASCII that
 * stands in words; all else is `letter`.
 */
export const characterClass = { letter: 0, space: 1, delimiter: 2, digit: 3, sign: 4, other: 5 } as const

const table = classTable()

/** @param code a UTF-16 unit, NaN past the end of a line */
export function classOf(code: number): number {
  return code < 128 ? (table[code] as number) : characterClass.letter
}

/** Neither space nor delimiter nor the end of the line. */
export function isWordCode(code: number): boolean {
  const kind = classOf(code)
  return kind !== characterClass.space && kind !== characterClass.delimiter && !Number.isNaN(code)
}

/** An ASCII letter or digit. */
export function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

function classTable(): Uint8Array {
  const classes = new Uint8Array(128)
  classes.fill(characterClass.space, 0, 33)
  for (const mark of ',;()[]{}<>"\'=|:') classes[mark.charCodeAt(0)] = characterClass.delimiter
  classes.fill(characterClass.digit, 48, 58)
  for (const mark of '.-+%/#~*^!?_$') classes[mark.charCodeAt(0)] = characterClass.sign
  for (const mark of '&@\\`\x7f') classes[mark.charCodeAt(0)] = characterClass.other
  return classes
}
