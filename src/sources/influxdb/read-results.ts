import { DavyError } from '../../domain/errors.ts'
import { answerParts } from '../answer-parts.ts'
import type { Series } from '../read-series.ts'

const { record, anyList: list, unreadable } = answerParts('The answer of InfluxDB cannot be read')

/**
 * The series of one statement, each with its tags as labels; null values are left out.
 * @throws DavyError SOURCE_DOWN for an error, for a part of an answer, and for what is none
 */
export function readResults(answer: unknown): readonly Series[] {
  const { results, error } = record(answer)
  if (typeof error === 'string') throw refused(error)
  const [result] = list(results)
  const { series, error: said, partial } = record(result)
  if (typeof said === 'string') throw refused(said)
  if (partial === true) throw cut()
  return list(series).map((each) => {
    const { tags, columns, values, partial: isPart } = record(each)
    if (isPart === true) throw cut()
    const [time, value] = list(columns)
    if (time !== 'time' || value !== 'value') throw unreadable('the columns time and value', columns)
    return { labels: labelsOf(tags), samples: list(values).flatMap(sampleOf), histograms: [] }
  })
}

function sampleOf(row: unknown): readonly (readonly [at: number, value: number])[] {
  const [at, value] = list(row)
  if (value === null) return []
  if (typeof at !== 'number' || typeof value !== 'number') throw unreadable('a time and a number', row)
  return [[at, value]]
}

function labelsOf(tags: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record(tags ?? {})).map(([tag, value]) => [tag, String(value ?? '')]))
}

function refused(said: string): DavyError {
  const got = said.slice(0, 200)
  return new DavyError('SOURCE_DOWN', `InfluxDB refuses the query: ${got.replace(/[.\s]+$/, '')}.`, {
    ...{ expected: 'an answer', got },
  })
}

function cut(): DavyError {
  const [expected, got] = ['all points', 'a part of them']
  return new DavyError(
    'SOURCE_DOWN',
    'InfluxDB gives a part of the answer only: it has more points than max-row-limit of its configuration.',
    { expected, got },
  )
}
