import { DavyError } from '../../domain/errors.ts'
import { answerParts } from '../answer-parts.ts'
import type { Series } from '../read-series.ts'

/** Takes answers of Graphite apart. */
export const graphiteAnswer = answerParts('The answer of Graphite cannot be used')

const { list, unreadable } = graphiteAnswer

/** What names the pod, and the operation: the number of a node of the path, or the name of a tag. */
export type Naming = { readonly pod: number | string | undefined; readonly operation: number | string | undefined }

/** The labels that series of Graphite are given: their target is what tells one from another. */
export const graphiteLabels = { target: 'target', pod: 'pod', operation: 'operation' } as const

/**
 * The series of an answer of `/render?format=json`, each point at the end of the stretch that it tells of, since only then
 * it is whole; points without a value are left out. The time that was asked about has more than one point.
 * @param stepSeconds how far apart the points must lie: others have been averaged, and count nothing
 * @throws DavyError SOURCE_DOWN for other points, and for what is no answer
 */
export function readTargets(answer: unknown, naming: Naming, stepSeconds: number): readonly Series[] {
  return list(answer).map((each) => {
    const { target, tags, datapoints } = (each ?? {}) as Readonly<Record<string, unknown>>
    if (typeof target !== 'string') throw unreadable('a target', target)
    const points = list(datapoints).map(pointOf)
    const odd = points.findIndex(([at], index) => index > 0 && at - points[index - 1]![0] !== stepSeconds)
    // Of a single point nobody knows how long it tells of: a retention of ten minutes has one.
    if (points.length === 1) throw otherStep(target, null, stepSeconds)
    if (odd > 0) throw otherStep(target, points[odd]![0] - points[odd - 1]![0], stepSeconds)
    const named = (by: number | string | undefined) => nameIn({ target, tags }, by)
    return {
      labels: { target, instance: instanceOf(target), pod: named(naming.pod), operation: named(naming.operation) },
      samples: points.flatMap(([at, value]) =>
        value === null ? [] : [[(at + stepSeconds) * 1000 - 1, value] as const],
      ),
      histograms: [],
    }
  })
}

/** Who writes a series, as far as its name tells: it has others beside it. */
function instanceOf(target: string): string {
  const [path = '', ...tags] = target.split(';')
  return tags.length > 0 ? tags.join(';') : path.replace(/\.?[^.]*$/, '')
}

function nameIn({ target, tags }: { target: string; tags: unknown }, by: number | string | undefined): string {
  if (by === undefined) return ''
  const name =
    typeof by === 'string'
      ? ((tags ?? {}) as Readonly<Record<string, unknown>>)[by]
      : target.split(';')[0]!.split('.')[by]
  if (typeof name === 'string') return name
  throw unreadable(typeof by === 'string' ? `a series with the tag ${by}` : `a path with a node ${by}`, target)
}

function pointOf(point: unknown): readonly [at: number, value: number | null] {
  const [value, at] = list(point)
  if (typeof at !== 'number' || (typeof value !== 'number' && value !== null)) {
    throw unreadable('a number, or null, and a time', point)
  }
  return [at, value]
}

/** @param apart seconds between two points; null: there is one alone */
function otherStep(target: string, apart: number | null, stepSeconds: number): DavyError {
  const got = apart === null ? 'are one alone in minutes' : `lie ${apart} s apart`
  const message =
    `Graphite gives points of ${target.slice(0, 200)} that ${got}: expected ${stepSeconds} s. Either ` +
    'stepSeconds is not that of its first retention, or that is too short and Graphite has averaged them.'
  return new DavyError('SOURCE_DOWN', message, { expected: `${stepSeconds} s`, got })
}
