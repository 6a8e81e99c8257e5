import swagger from '@fastify/swagger'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { openapiOptions } from '../src/http/openapi.ts'
import { watchAnswers } from './declared-answers.ts'

async function start() {
  const app = fastify()
  await app.register(swagger, openapiOptions('1'))
  app.register(async (scope) => {
    scope.get<{ Params: { status: string } }>(
      '/answers/:status',
      { config: { answers: { 200: 'fine', 409: { text: 'no', types: ['text/plain'] } } }, schema: { tags: [] } },
      async ({ params }, reply) => reply.code(Number(params.status)).send({ type: 'any' }),
    )
    scope.get('/page', { schema: { hide: true } }, async (_request, reply) => reply.code(418).send())
  })
  return app
}

test('an answer that is not declared is told once, by its status or by its type', async () => {
  const [app, undeclared] = await watchAnswers(start)
  // Over a socket: what is injected knows more of its headers.
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const ask = async (path: string, method = 'GET') => (await fetch(url + path, { method })).text()
  for (const path of ['/answers/200', '/page', '/nowhere']) await ask(path)
  expect(undeclared()).toEqual([])
  for (const path of ['/answers/201', '/answers/201', '/answers/304', '/answers/409']) await ask(path)
  await ask('/answers/202', 'HEAD')
  await app.close()
  expect(undeclared()).toEqual([
    'GET /answers/:status 201',
    'GET /answers/:status 304',
    'GET /answers/:status 409 application/json',
    'HEAD /answers/:status 202',
  ])
})
