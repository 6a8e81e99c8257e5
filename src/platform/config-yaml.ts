import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'

/** A YAML file as a plain value that still knows where each part stands. */
export type LocatedYaml = {
  readonly value: unknown
  /** Syntax errors, each with `file:line:column`. */
  readonly errors: readonly string[]
  /** `file:line:column` of the key or list item at a JSON pointer; of its nearest parent when it is not there. */
  locate(pointer: string): string
}

/** @param file The name that locations are given with. */
export function parseLocatedYaml(text: string, file: string): LocatedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const errors = document.errors.map((error) => `${place(error.pos[0])}: ${error.message}`)
  const root = document.contents as Node | null
  const locate = (pointer: string) => place(offsetOf(root, pointer.split('/').slice(1)))
  if (errors.length > 0) return { value: undefined, errors, locate }
  try {
    return { value: document.toJS(), errors, locate }
  } catch (error) {
    return { value: undefined, errors: [`${place(0)}: ${(error as Error).message}`], locate }
  }
}

function offsetOf(root: Node | null, path: readonly string[]): number {
  let node = root
  let offset = root?.range?.[0] ?? 0
  for (const part of path) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (pair === undefined) return offset
      offset = (pair.key as Node).range?.[0] ?? offset
      node = pair.value as Node | null
    } else {
      node = (node as { get?(key: number, keepScalar: true): Node } | null)?.get?.(Number(key), true) ?? null
      if (node === null) return offset
      offset = node.range?.[0] ?? offset
    }
  }
  return offset
}
