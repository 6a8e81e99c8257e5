/** An answer of the API for `--json`: as it came, indented, with a line's end. @throws SyntaxError when it is no JSON. */
export function prettyJson(text: string): string {
  return `${JSON.stringify(JSON.parse(text), null, 2)}\n`
}
