import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DavyError } from '../domain/errors.ts'
import { InFlight } from '../engine/ingest/in-flight.ts'
import { seriesJudges } from '../judges/index.ts'
import type { SeriesJudge, SeriesJudgement } from '../judges/series-judge.ts'
import { nearest } from '../platform/nearest.ts'
import { leftBy } from './left-by.ts'
import { readBody } from './read-body.ts'
import type { App, Services } from './services.ts'

const path = '/api/v1/judgements'
const bodyLimit = 16 * 2 ** 20
const bodyLimits = { maxBodyBytes: bodyLimit, maxDecompressedBytes: bodyLimit }
const config = { role: 'viewer' } as const
const tags = ['judgements']

const names = Object.keys(seriesJudges) as (keyof typeof seriesJudges)[]
const judgeParams = Type.Object({ judge: Type.String() })

const answerSchema = {
  200: {
    type: 'object',
    required: ['judge', 'judgement'],
    properties: {
      judge: { type: 'string' },
      judgement: {
        type: 'object',
        required: ['reason'],
        properties: {
          decision: { enum: ['promote', 'hold', 'rollback'] },
          reason: {
            type: 'object',
            required: ['code', 'summary'],
            properties: { code: { type: 'string' }, summary: { type: 'string' } },
          },
        },
        additionalProperties: true,
      },
    },
  },
}

/** Judging measured series that come with the request. Nothing is stored, nothing delivered. */
export function judgementRoutes(root: App, services: Services): void {
  root.get(path, { config, schema: { tags } }, () => ({
    items: names.map((name) => ({ name, question: seriesJudges[name].question })),
  }))

  root.register(async (app) => {
    // The process that judges also checks: here a large body would stop everything else for a second. And it is read only
    // once there is a place for it.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', (_request, stream, done) => done(null, stream))
    for (const name of names) judgeRoute(app as unknown as FastifyInstance, name, services)
    app.post(`${path}/:judge`, { config, schema: { hide: true, params: judgeParams } }, ({ params }) => {
      const { judge } = params as { judge: string }
      const meant = nearest(judge, names)
      const hint = meant === null ? '' : `; perhaps ${meant} was meant`
      throw new DavyError('NOT_FOUND', `There is no judge ${JSON.stringify(judge.slice(0, 64))}${hint}.`, {
        ...{ expected: `one of ${names.join(', ')}`, got: JSON.stringify(judge.slice(0, 64)), where: '{judge}' },
      })
    })
  })
}

function judgeRoute(app: FastifyInstance, judge: keyof typeof seriesJudges, { judgements, stopping }: Services): void {
  const { question, input }: SeriesJudge<never, SeriesJudgement> = seriesJudges[judge]
  app.post(
    `${path}/${judge}`,
    {
      ...{ bodyLimit, config },
      schema: { tags, summary: question, consumes: ['application/json'], body: input, response: answerSchema },
      validatorCompiler: () => () => true,
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const headers = { 'content-length': request.headers['content-length'] }
      // The places bound these bodies; telemetry's budget is not for them.
      const hold = new InFlight(bodyLimit).hold()
      const receive = () => readBody({ body: request.body, headers }, bodyLimits, hold)
      const answer = await judgements.judgeComing(judge, receive, AbortSignal.any([stopping, leftBy(reply)]))
      return reply.type('application/json; charset=utf-8').send(Buffer.from(answer))
    },
  )
}
