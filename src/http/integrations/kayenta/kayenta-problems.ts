import type { FastifyError } from 'fastify'
import type { DavyError } from '../../../domain/errors.ts'
import { problemOf } from '../../problem.ts'
import type { App, Services } from '../../services.ts'

/** What Kayenta answers with 400: whatever is wrong with the request itself. */
const isOfRequest = (status: number): boolean => status === 400 || status === 409 || status === 422

/** Answers the errors of these routes in Kayenta's shape: a `message`, beside it what Davy says of every error. */
export function answerAsKayenta(app: App, { metrics }: Services): void {
  app.setErrorHandler<FastifyError | DavyError>((error, request, reply) => {
    const { detail, code, expected, got, where, ...problem } = problemOf(error, request)
    const status = isOfRequest(problem.status) ? 400 : problem.status
    if (status >= 500) request.log.error({ err: error, code }, 'request failed')
    metrics.requestErrors.inc({ code })
    if ('retryAfterSeconds' in error && error.retryAfterSeconds !== undefined) {
      reply.header('retry-after', String(Math.ceil(error.retryAfterSeconds)))
    }
    const message = [detail, expected === undefined ? '' : `Expected ${expected}.`]
      .filter((part) => part !== '')
      .join(' ')
    const more = Object.entries({ expected, got, where }).filter(([, value]) => value !== undefined)
    const body = { message, status, error: problem.title, code, ...Object.fromEntries(more), timestamp: Date.now() }
    return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
  })
}
