import type { FastifyInstance } from 'fastify'

/**
 * Parses JSON bodies; an empty one is none, since a write names JSON also where it has nothing to say, and the route's
 * schema says whether that will do. What would change a prototype is an error. To be called on the root instance.
 */
export function registerJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parse(request, body as string, done)
  })
}
