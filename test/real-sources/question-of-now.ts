import type { ArmSlice } from '../../src/domain/evidence.ts'
import type { MetricSource, SourceAnswer, SourceQuestion } from '../../src/domain/metric-source.ts'
import type { MetricSpec } from '../../src/domain/template.ts'
import { queried, questionOf } from '../sources/question.ts'

/** A whole minute that lies some minutes back: what is written into it is history for every system. Unix milliseconds. */
export const start = Math.floor(Date.now() / 60_000) * 60_000 - 240_000

/** Two looks of 10 s from {@link start} on. */
const windows = [0, 10_000].map((at) => ({ from: start + at, to: start + at + 10_000 }))

/** Versions that would be more than a value where nobody escapes them. */
export const hostileVersions: readonly string[] = [
  ...[
    '.*',
    '2|1',
    "' OR '1'='1",
    '" or x="',
    '"} or {app="shop',
    '`',
    '\\',
    '\\\\',
    '2\\/ OR 1=1 /',
    '/',
    '~.*',
    '2;app=shop',
  ],
  ...['*', '{1,2}', '2*', '?', '[0-9]', '2)', "2') OR ('1'='1", '#', '-- ', '\n', `\${service}`, '{{.x}}'],
]

/** Asks a source about a canary (version 2 unless said otherwise) beside a baseline 1 in {@link windows}. */
export function asking(source: MetricSource, name: MetricSpec['source']) {
  return (
    kind: Parameters<typeof queried>[1],
    query: object,
    { version = '2', pods }: { readonly version?: string; readonly pods?: SourceQuestion['pods'] } = {},
  ): Promise<readonly SourceAnswer[]> => {
    const question = questionOf(queried(name, kind, query))
    const startedAt = new Date(start).toISOString()
    const deployment = { ...question.deployment, service: 'shop', canary: { version }, startedAt }
    const told = { ...question, deployment, windows, ...(pods === undefined ? {} : { pods }) }
    return source.ask(told, AbortSignal.timeout(30_000))
  }
}

/** Requests and errors of an arm. */
export function countsOf({ requests, errors }: ArmSlice): readonly [requests: number, errors: number] {
  return [requests, errors]
}
