import type { IncomingHttpHeaders } from 'node:http'
import { Type } from 'typebox'
import { DavyError } from '../../domain/errors.ts'
import { fitting } from './announced.ts'

const attribute = Type.String({ minLength: 1, maxLength: 2000 })

const attributes = {
  specversion: Type.Literal('1.0'),
  id: attribute,
  source: attribute,
  type: attribute,
  subject: Type.Optional(attribute),
}

const structuredSchema = Type.Object({ ...attributes, data: Type.Optional(Type.Unknown()) })
const headersSchema = Type.Object(attributes)

/** An event as CloudEvents 1.0 has it, without what is not used here. */
export type CloudEvent = {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly data: unknown
}

/**
 * The event of a request in the HTTP binding of CloudEvents 1.0: structured mode by its content type, else binary mode,
 * where the attributes are headers. @throws DavyError VALIDATION with what is missing.
 */
export function readCloudEvent(headers: IncomingHttpHeaders, body: unknown): CloudEvent {
  const isStructured = /^application\/cloudevents\+json\b/i.test(headers['content-type'] ?? '')
  if (isStructured) {
    const { id, source, type, subject, data } = fitting(structuredSchema, body)
    return { id, source, type, subject: subject ?? null, data }
  }
  const named = Object.keys(attributes).flatMap((name): [string, string][] => {
    const value = headers[`ce-${name}`]
    return typeof value === 'string' ? [[name, decoded(value, name)]] : []
  })
  const { id, source, type, subject } = fitting(headersSchema, Object.fromEntries(named), '/headers/ce')
  return { id, source, type, subject: subject ?? null, data: body }
}

/** Headers hold what is not printable ASCII as per cent of its UTF-8. */
function decoded(value: string, name: string): string {
  try {
    return decodeURIComponent(value.replace(/%(?![0-9a-f]{2})/gi, '%25'))
  } catch {
    throw new DavyError('VALIDATION', `The header ce-${name} is not percent-encoded UTF-8.`, {
      expected: 'UTF-8, each byte that is not printable ASCII as %XX',
      where: `header ce-${name}`,
    })
  }
}
