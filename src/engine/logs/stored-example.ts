import type { LineScanner } from '../../judges/log-templates/scan-line.ts'
import { skeletonHash } from '../../judges/log-templates/skeleton-hash.ts'

/**
 * What is counted: of a message its skeleton, or a template that stands for many skeletons; of an exception its
 * fingerprint. `text` are the tokens joined by "\n", `shown` is a line for people.
 */
export type Skeleton = {
  readonly kind: 'message' | 'template' | 'exception'
  readonly text: string
  readonly shown: string
}

/** Between the line for people and the skeleton; no line that is kept has this control character. */
const separator = '\u001f'
const marks = { message: 'm', template: 't', exception: 'e' } as const

/** The number that a skeleton is counted by. */
export function hashOf({ kind, text }: Pick<Skeleton, 'kind' | 'text'>): number {
  return skeletonHash(kind === 'exception' ? `exception\n${text}` : text)
}

/** The text that the rollup keeps: a line of this very skeleton, or a line and the skeleton. */
export function writeExample({ kind, text, shown }: Skeleton, scan: LineScanner): string {
  const line = shown.replaceAll(separator, ' ')
  if (kind === 'message' && scan(line).join('\n') === text) return line
  return `${line}${separator}${marks[kind]}${text}`
}

/** The skeleton of what {@link writeExample} wrote. */
export function readExample(example: string, scan: LineScanner): Skeleton {
  const at = example.indexOf(separator)
  if (at < 0) return { kind: 'message', text: scan(example).join('\n'), shown: example }
  const mark = example[at + 1]
  const kind = mark === marks.exception ? 'exception' : mark === marks.template ? 'template' : 'message'
  return { kind, text: example.slice(at + 2), shown: example.slice(0, at) }
}
