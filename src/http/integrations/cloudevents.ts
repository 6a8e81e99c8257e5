import { Type } from 'typebox'
import type { App, Services } from '../services.ts'
import { ignored, taken } from './announced.ts'
import { readCloudEvent } from './cloud-event.ts'
import { readCloudEventNews } from './cloud-event-news.ts'

/** Events of deployments and services as CloudEvents, structured or binary: what they tell is registered and finished. */
export function cloudeventsRoutes(app: App, services: Services): void {
  app.register(async (scope) => {
    const parseJson = scope.getDefaultJsonParser('error', 'error')
    scope.addContentTypeParser('application/cloudevents+json', { parseAs: 'string' }, parseJson)
    ;(scope as App).post(
      '/integrations/cloudevents',
      {
        config: { role: 'gate', answers: { 202: 'What it was taken for.' } },
        bodyLimit: 2 ** 18,
        schema: {
          tags: ['integrations'],
          consumes: ['application/cloudevents+json', 'application/json'],
          body: Type.Object({}),
        },
      },
      async (request, reply) => {
        const { announcements, publicUrl } = services
        const news = readCloudEventNews(readCloudEvent(request.headers, request.body), publicUrl)
        reply.code(202)
        if (news.type === 'ignored') return ignored(news.why)
        if (news.type === 'announcement') return taken(await announcements.take(news.announcement))
        return taken(await announcements.finishUnit(news, 'rolled-back', 'cdevents'))
      },
    )
  })
}
