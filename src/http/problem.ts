import { context, isSpanContextValid, trace } from '@opentelemetry/api'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DavyError, type ErrorCode, errorTable } from '../domain/errors.ts'
import { nearest } from '../platform/nearest.ts'
import { type SchemaError, type SchemaFault, schemaFaults } from '../platform/schema-faults.ts'
import { renderProblem } from '../report/problem-page.ts'
import { sendPage } from './send-page.ts'

/** An RFC 9457 problem. `errors` is there when more than one thing is wrong. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly instance: string
  readonly expected?: string
  readonly got?: string
  readonly where?: string
  readonly errors?: readonly { readonly where: string; readonly expected: string; readonly got: string }[]
  readonly traceId?: string
}

type Part = 'body' | 'querystring' | 'params' | 'headers'
type Explained = Pick<Problem, 'code' | 'detail' | 'expected' | 'got' | 'where' | 'errors'>

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'VALIDATION',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'BODY_TOO_LARGE',
  414: 'VALIDATION',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'VALIDATION',
  503: 'STOPPING',
}

const partNames = { body: 'The body', querystring: 'The query', params: 'The path', headers: 'The headers' } as const

function whereIn(part: Part, pointer: string): string {
  const name = pointer.slice(1)
  if (part === 'body') return pointer === '' ? 'body' : pointer
  if (part === 'querystring') return `?${name}`
  return part === 'params' ? `{${name}}` : `header ${name}`
}

function explainValidation(error: FastifyError, request: FastifyRequest): Explained {
  const part = (error.validationContext ?? 'body') as Part
  const schema = (request.routeOptions.schema as Partial<Record<Part, unknown>> | undefined)?.[part]
  const value = part === 'querystring' ? request.query : request[part]
  const faults = schemaFaults(schema, error.validation as unknown as SchemaError[], value)
  const errors = faults.map((fault: SchemaFault) => ({ ...fault, where: whereIn(part, fault.pointer) }))
  const all = errors.map(({ where, expected, got }) => ({ where, expected, got }))
  const [first] = all
  if (first === undefined) return { code: 'VALIDATION', detail: `${partNames[part]} does not fit its schema.` }
  const detail = `${partNames[part]} does not fit: ${first.where} should be ${first.expected}, got ${first.got}.`
  return { code: 'VALIDATION', detail, ...first, ...(all.length > 1 ? { errors: all } : {}) }
}

/** A parser's message quotes the text that it stumbled on, which may be a secret: only the position is repeated. */
function explainJson(error: FastifyError): Explained {
  const position = /position (\d+)/.exec(error.message)?.[1]
  const got = error.code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ? 'an empty body' : 'other text'
  const where = position === undefined ? 'body' : `body, position ${position}`
  return { code: 'VALIDATION', detail: 'The body is not valid JSON.', expected: 'JSON', got, where }
}

function isJsonError(error: FastifyError): boolean {
  return error instanceof SyntaxError || /^FST_ERR_CTP_(EMPTY|INVALID)_JSON_BODY$/.test(error.code ?? '')
}

function explainDavyError(error: DavyError): Explained {
  const { code, message: detail, expected, got, where } = error
  return {
    code,
    detail,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(where === undefined ? {} : { where }),
  }
}

function explain(error: FastifyError | DavyError, request: FastifyRequest): Explained {
  if (error instanceof DavyError) return explainDavyError(error)
  if (error.validation !== undefined) return explainValidation(error, request)
  const status = error.statusCode ?? 500
  if (status === 400 && isJsonError(error)) return explainJson(error)
  const code = codesByStatus[status]
  // Only the web framework's own messages are known to hold no secret.
  if (code !== undefined && error.code?.startsWith('FST_')) return { code, detail: error.message }
  return { code: 'INTERNAL', detail: 'Davy failed to answer; its log says why. This says nothing about the release.' }
}

function traceIdOf(request: FastifyRequest): string | null {
  const span = trace.getSpan(request.traceContext ?? context.active())?.spanContext()
  return span !== undefined && isSpanContextValid(span) ? span.traceId : null
}

/** The problem that tells `error` to whoever sent `request`; what is not in the error table says nothing of its cause. */
export function problemOf(error: FastifyError | DavyError, request: FastifyRequest): Problem {
  const explained = explain(error, request)
  const row = errorTable[explained.code]
  const traceId = traceIdOf(request)
  return {
    type: `urn:davy:problem:${explained.code.toLowerCase().replaceAll('_', '-')}`,
    title: row.title,
    status: row.status,
    ...explained,
    instance: request.url.split('?', 1)[0]!,
    ...(traceId === null ? {} : { traceId }),
  }
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split('/')
  const parts = path.split('/')
  const isOpenEnded = expected.at(-1) === '*'
  if (isOpenEnded ? parts.length < expected.length : parts.length !== expected.length) return false
  return expected.every((part, index) => part === '*' || part.includes(':') || part === parts[index])
}

function unknownPath(request: FastifyRequest, routes: ReadonlyMap<string, ReadonlySet<string>>): DavyError {
  const path = request.url.split('?', 1)[0]!
  const methods = [...routes].filter(([pattern]) => matches(pattern, path)).flatMap(([, each]) => [...each])
  if (methods.length > 0) {
    const expected = [...new Set(methods)].sort().join(', ')
    return new DavyError('METHOD_NOT_ALLOWED', 'The path takes other methods.', { expected, got: request.method })
  }
  const near = nearest(path, [...routes.keys()])
  const detail = near === null ? 'Nothing is at this path.' : `Nothing is at this path; perhaps ${near} was meant.`
  return new DavyError('NOT_FOUND', detail, near === null ? {} : { expected: near })
}

/**
 * Answers every error, unknown path and wrong method as `application/problem+json`. To be called on the root instance
 * before any route is added.
 * @param onProblem Told the code of every problem, for counting.
 */
export function registerProblems(app: FastifyInstance, onProblem: (code: ErrorCode) => void = () => {}): void {
  const routes = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = routes.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    routes.set(url, methods)
  })
  app.setErrorHandler<FastifyError | DavyError>((error, request, reply) =>
    sendProblem(error, request, reply, onProblem),
  )
  const refuse = (request: FastifyRequest, reply: FastifyReply) => {
    const error = unknownPath(request, routes)
    if (error.code === 'METHOD_NOT_ALLOWED') reply.header('allow', error.expected)
    return error
  }
  app.setNotFoundHandler((request, reply) => sendProblem(refuse(request, reply), request, reply, onProblem))
  // Before the body is read: what is wrong with it does not matter at a path that is none.
  app.addHook('preParsing', (request, reply, payload, done) =>
    request.is404 ? done(refuse(request, reply)) : done(null, payload),
  )
}

/** A browser that asked for a page. Programs get JSON, also where they take everything. */
function isForPerson({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return (headers.accept ?? '').includes('text/html') && !/^\/(api|v1)\//.test(url)
}

/** Answers with the problem of `error`. Also fit for fastify's `frameworkErrors`, which come before any hook. */
export function sendProblem(
  error: FastifyError | DavyError,
  request: FastifyRequest,
  reply: FastifyReply,
  onProblem: (code: ErrorCode) => void = () => {},
): FastifyReply {
  const problem = problemOf(error, request)
  // That Davy stops is no failure of a request, and probes hear of it again and again while it drains.
  const isFailure = problem.status >= 500 && problem.code !== 'STOPPING'
  if (isFailure) request.log.error({ err: error, code: problem.code }, 'request failed')
  onProblem(problem.code)
  if (error instanceof DavyError && error.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(Math.ceil(error.retryAfterSeconds)))
  }
  // Who stalls would keep the connection open, too.
  if (problem.status === 408) reply.header('connection', 'close')
  reply.code(problem.status)
  if (isForPerson(request)) return sendPage(reply, renderProblem(problem))
  return reply.type('application/problem+json').serializer(JSON.stringify).send(problem)
}
