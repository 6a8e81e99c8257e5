import { closedObject, listOf } from '../json-schema.ts'
import type { SeriesJudge, SeriesJudgement } from '../series-judge.ts'
import { mineTemplates } from './mine-templates.ts'
import { templateId } from './skeleton-hash.ts'

type LogTemplatesInput = {
  /** Without their header (time, level, logger). */
  readonly lines: readonly string[]
  /** What is already known, of the baseline say: a template without one of these is new. Absent: nothing is called new. */
  readonly baseline?: readonly string[]
}

type LogTemplate = {
  readonly id: string
  readonly text: string
  readonly lines: number
  readonly example: string
  /** null: there is no baseline. */
  readonly isNew: boolean | null
}

type LogTemplatesJudgement = SeriesJudgement & {
  /** In the order of their first line. */
  readonly templates: readonly LogTemplate[]
  /** Of each line, the index of its template. */
  readonly ids: readonly number[]
}

/** So many characters of a line show what it is. */
const exampleCharacters = 500

/** Which lines are the same message, and which messages are new. */
export const logTemplatesJudge: SeriesJudge<LogTemplatesInput, LogTemplatesJudgement> = {
  question: 'Which log lines are the same message, and which messages does the baseline not have?',
  input: closedObject(
    { lines: listOf({ type: 'string' }, 'without their header (time, level, logger)', 1) },
    { baseline: listOf({ type: 'string' }, 'what is known already; templates that it has not are new') },
  ),
  judge({ lines, baseline = null }) {
    // Mined together, since two sets of lines alone may draw the line elsewhere.
    const mined = mineTemplates(baseline === null ? lines : [...lines, ...baseline])
    const own = mined.ids.subarray(0, lines.length)
    const known = new Set(mined.ids.subarray(lines.length))
    const counts = new Map<number, { lines: number; readonly example: string }>()
    for (const [at, template] of own.entries()) {
      const count = counts.get(template)
      if (count === undefined) counts.set(template, { lines: 1, example: lines[at]!.slice(0, exampleCharacters) })
      else count.lines += 1
    }
    // Lines come first and templates are in the order of their first line, so that theirs are the first ones.
    const templates = [...counts].map(([index, count]): LogTemplate => {
      const text = mined.templates[index]!
      return {
        id: templateId(text.replaceAll(' ', '\n')),
        text,
        ...count,
        isNew: baseline === null ? null : !known.has(index),
      }
    })
    return { reason: reasonOf(templates, lines.length), templates, ids: Array.from(own) }
  },
  table({ templates }) {
    const byLines = templates.toSorted((a, b) => Number(b.isNew) - Number(a.isNew) || b.lines - a.lines)
    return [
      ['LINES', 'NEW', 'TEMPLATE'],
      ...byLines.map(({ lines, isNew, text }) => [String(lines), isNew === true ? 'new' : '', text]),
    ]
  },
}

function reasonOf(templates: readonly LogTemplate[], lines: number): SeriesJudgement['reason'] {
  const found = `${lines} lines are ${templates.length} messages`
  if (templates[0]?.isNew === null) return { code: 'TEMPLATES', summary: `${found}.` }
  const fresh = templates.filter(({ isNew }) => isNew).length
  if (fresh === 0) return { code: 'NO_NEW_TEMPLATES', summary: `${found}, none of them new.` }
  return { code: 'NEW_TEMPLATES', summary: `${found}, ${fresh} of them new.` }
}
