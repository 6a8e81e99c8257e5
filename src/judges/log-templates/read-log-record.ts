import { fingerprintException, holdsStackTrace } from './fingerprint-exception.ts'

/** What a log record says, as far as it tells one kind of message from another; texts that are not set are ''. */
export type LogRecord = {
  readonly body: string
  /** The text that the program wrote before values were put into it, where the sender still has it. */
  readonly template: string
  readonly exceptionType: string
  readonly exceptionMessage: string
  readonly stacktrace: string
}

/**
 * What a record is counted by. `message`: the text whose skeleton it is. `exception`: its tokens are the skeleton, and
 * never become one with others. `shown` is the record as people should see it.
 */
export type ReadRecord =
  | { readonly kind: 'message'; readonly text: string; readonly shown: string }
  | { readonly kind: 'exception'; readonly tokens: readonly string[]; readonly shown: string }

const shownCharacters = 300

/**
 * Reads a record: an exception by where it was thrown, else the template that came with it, else the message of a JSON
 * body, else the body. The same for the same record, whoever reads it.
 */
export function readLogRecord(record: LogRecord): ReadRecord {
  const fields = jsonOf(record.body)
  const text = fields === null ? record.body : (textIn(fields, messageKeys) ?? record.body)
  const stacktrace = record.stacktrace || (fields === null ? '' : (textIn(fields, stackKeys) ?? '')) || traceIn(text)
  if (record.exceptionType !== '' || stacktrace !== '') {
    const exception = { type: record.exceptionType, message: record.exceptionMessage, stacktrace }
    const fingerprint = fingerprintException(exception)
    if (fingerprint !== null && fingerprint.frames.length > 0) {
      const { types, frames } = fingerprint
      const tokens = [...types.flatMap((type, at) => (at === 0 ? [type] : ['in', type])), 'at', ...frames]
      return { kind: 'exception', tokens, shown: shownOf(record, stacktrace, text) }
    }
    // A type without a place: what was said tells more than the type alone.
    if (record.exceptionType !== '') {
      const said = firstLine(record.exceptionMessage || text)
      return { kind: 'message', text: `${record.exceptionType}: ${said}`, shown: shownOf(record, stacktrace, text) }
    }
  }
  if (record.template !== '') return { kind: 'message', text: record.template, shown: cut(text) }
  return { kind: 'message', text, shown: cut(text) }
}

function traceIn(text: string): string {
  return holdsStackTrace(text) ? text : ''
}

function shownOf({ exceptionType, exceptionMessage, body }: LogRecord, stacktrace: string, text: string): string {
  if (exceptionType !== '' || exceptionMessage !== '') {
    return cut([exceptionType, firstLine(exceptionMessage)].filter((part) => part !== '').join(': '))
  }
  const trace = text === '' ? stacktrace : text
  // Python names the exception in the last line.
  const told = trace.startsWith('Traceback ') ? (trace.trimEnd().split('\n').at(-1) as string) : firstLine(trace)
  return cut(told || firstLine(body))
}

function cut(text: string): string {
  return text.length <= shownCharacters ? text : text.slice(0, shownCharacters)
}

function firstLine(text: string): string {
  const end = text.indexOf('\n')
  return end < 0 ? text : text.slice(0, end)
}

const messageKeys = ['message', 'msg', 'log', 'event', '@message']
const stackKeys = ['stack_trace', 'stacktrace', 'stack', 'exception.stacktrace', 'exc_info', 'error.stack_trace']

function jsonOf(body: string): Readonly<Record<string, unknown>> | null {
  if (!body.startsWith('{') || !body.endsWith('}')) return null
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    // Many lines begin like JSON and are none: then the line itself is the text.
    return null
  }
}

function textIn(fields: Readonly<Record<string, unknown>>, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = fields[key]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}
