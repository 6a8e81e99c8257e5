import { DavyError } from '../domain/errors.ts'
import { parseTemplate, partialTemplateSchema } from '../engine/template-schema.ts'
import { nameParams } from './schemas.ts'
import type { App, Services } from './services.ts'

/** The policies. A PUT changes what is opened after it, never what is open. */
export function templateRoutes(app: App, { templates }: Services): void {
  app.get('/api/v1/templates', { config: { role: 'viewer' }, schema: { tags: ['templates'] } }, async () => {
    await templates.refresh()
    return { items: templates.list().map((each) => ({ name: each.template.name, ...each })) }
  })

  app.get(
    '/api/v1/templates/:name',
    { config: { role: 'viewer' }, schema: { tags: ['templates'], params: nameParams } },
    async ({ params }) => {
      await templates.refresh()
      const found = templates.find(params.name)
      if (found !== undefined) return found
      throw new DavyError('NOT_FOUND', `There is no template ${JSON.stringify(params.name.slice(0, 64))}.`, {
        expected: `one of ${templates.names().join(', ')}`,
        where: 'name',
      })
    },
  )

  app.put(
    '/api/v1/templates/:name',
    {
      config: { role: 'operator', answers: { 200: 'It is in force.', 201: 'It is in force, and is new.' } },
      schema: { tags: ['templates'], params: nameParams, body: partialTemplateSchema },
    },
    async ({ params, body }, reply) => {
      if (body.name !== undefined && body.name !== params.name) {
        throw new DavyError('UNPROCESSABLE', 'The template has another name than its path.', {
          expected: params.name,
          got: body.name,
          where: '/name',
        })
      }
      const template = parseTemplate({ ...body, name: params.name }, '', templates.base, templates.checkQuery)
      const { created } = await templates.put(template)
      reply.code(created ? 201 : 200)
      return templates.find(params.name)
    },
  )
}
