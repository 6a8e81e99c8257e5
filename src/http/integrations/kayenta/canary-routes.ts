import { Type } from 'typebox'
import { leftBy } from '../../left-by.ts'
import { present } from '../../schemas.ts'
import type { App, Services } from '../../services.ts'
import { gate, idAnswer, idParams, namesQuery, objectBody, tags } from './kayenta-schemas.ts'

const whole = (description: string) => Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description }))
const executionsQuery = Type.Object({
  application: Type.Optional(Type.String()),
  limit: whole('20 when absent'),
  page: whole('1 when absent'),
  statuses: Type.Optional(Type.String({ description: 'with commas between them' })),
})
const runAnswer = idAnswer('canaryExecutionId')
const analysisAnswer = idAnswer('canaryAnalysisExecutionId')

/** Runs: `/canary`, one judgement each, and `/standalone_canary_analysis`, several over a time. */
export function canaryRoutes(app: App, { kayenta }: Services): void {
  const asked = { config: gate, schema: { tags, querystring: namesQuery, body: objectBody } }
  const byId = { tags, params: idParams }

  app.post('/canary', { ...asked, schema: { ...asked.schema, response: runAnswer } }, async ({ body, query }) => ({
    canaryExecutionId: await kayenta.startAdHoc(body, present(query)),
  }))

  app.post(
    '/canary/:id',
    { ...asked, schema: { ...asked.schema, params: idParams, response: runAnswer } },
    async ({ params, body, query }) => ({ canaryExecutionId: await kayenta.start(params.id, body, present(query)) }),
  )

  app.get('/canary/executions', { config: gate, schema: { tags, querystring: executionsQuery } }, ({ query }, reply) =>
    kayenta.executions(
      {
        ...(query.application === undefined ? {} : { application: query.application }),
        ...(query.statuses ? { statuses: query.statuses.toLowerCase().split(',') } : {}),
        ...{ limit: Math.min(100, Number(query.limit ?? 20)), page: Number(query.page ?? 1) },
      },
      leftBy(reply),
    ),
  )

  app.get('/canary/:id', { config: gate, schema: byId }, ({ params }) => kayenta.status(params.id))

  app.put(
    '/pipelines/:id/cancel',
    { config: { ...gate, answers: { 202: { text: 'It is canceled, or had ended.', types: [] } } }, schema: byId },
    async ({ params }, reply) => {
      await kayenta.cancel(params.id)
      return reply.code(202).send()
    },
  )

  app.post(
    '/standalone_canary_analysis',
    { ...asked, schema: { ...asked.schema, response: analysisAnswer } },
    async ({ body, query }) => ({ canaryAnalysisExecutionId: await kayenta.analyseAdHoc(body, present(query)) }),
  )

  app.post(
    '/standalone_canary_analysis/:id',
    { ...asked, schema: { ...asked.schema, params: idParams, response: analysisAnswer } },
    async ({ params, body, query }) => ({
      canaryAnalysisExecutionId: await kayenta.analyse(params.id, body, present(query)),
    }),
  )

  app.get('/standalone_canary_analysis/:id', { config: gate, schema: byId }, ({ params }) =>
    kayenta.analysisStatus(params.id),
  )
}
