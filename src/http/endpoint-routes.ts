import { randomBytes } from 'node:crypto'
import type { Static } from 'typebox'
import type { Sink } from '../domain/sink.ts'
import type { GivenEndpoint } from '../engine/deliveries/check-endpoint.ts'
import { sinkOf } from '../engine/deliveries/check-endpoint.ts'
import { newWebhookPrivateKey, newWebhookSecret, webhookPublicKey } from '../platform/webhook-secret.ts'
import { endpointPatchSchema, endpointSchema, rotationSchema } from './endpoint-schemas.ts'
import { idParams, present } from './schemas.ts'
import type { App, Services } from './services.ts'

type Given = Static<typeof endpointSchema>
type Kind = NonNullable<Given['signature']>

const viewer = { role: 'viewer' } as const
const operator = { role: 'operator' } as const
const byId = { tags: ['endpoints'], params: idParams }

/** The secret of an endpoint, and what of it its owner is shown, this once. */
type Secret = { readonly secrets: GivenEndpoint['secrets']; readonly shown: { readonly secret?: string } }

function madeSecret(kind: Kind): Secret {
  const secret = kind === 'hmac' ? newWebhookSecret(randomBytes(32)) : newWebhookPrivateKey(randomBytes(32))
  // Of a key pair the owner needs the public key, which the endpoint shows; nobody else needs the private one.
  return { secrets: [{ secret, until: null }], shown: kind === 'hmac' ? { secret } : {} }
}

/** Whoever gives no secret to a format that is signed gets one made; other formats do without, or say that they cannot. */
function secretFor(sink: Sink, given: string | undefined, kind: Kind = 'hmac'): Secret {
  if (given !== undefined) return { secrets: [{ secret: given, until: null }], shown: {} }
  return sink.signature === 'standard-webhooks' ? madeSecret(kind) : { secrets: [], shown: {} }
}

function wholeEndpoint({ secret: _secret, signature: _kind, ...given }: Given): Omit<GivenEndpoint, 'secrets'> {
  return {
    ...{ format: 'cloudevents', url: null, events: null, services: [], environments: [], decisions: [] },
    ...{ options: {}, act: false, ...present(given) },
  }
}

/** Who gets messages, and in which form. */
export function endpointRoutes(app: App, { endpoints, sinks, deliverer, stopping, now }: Services): void {
  app.get('/api/v1/formats', { config: viewer, schema: { tags: ['endpoints'] } }, () => ({
    items: [...sinks.values()].map(formatView).sort((a, b) => (a.format < b.format ? -1 : 1)),
  }))

  app.get('/api/v1/endpoints', { config: viewer, schema: { tags: ['endpoints'] } }, async () => {
    await endpoints.refresh()
    return { items: endpoints.list().map(({ id }) => endpoints.view(id)) }
  })

  app.post(
    '/api/v1/endpoints',
    {
      config: {
        ...operator,
        answers: { 201: 'It is kept. A secret that was made is shown this once.' },
        answerHeaders: { location: 'the path of the endpoint' },
      },
      schema: { tags: ['endpoints'], body: endpointSchema },
    },
    async ({ body }, reply) => {
      const given = wholeEndpoint(body)
      const { secrets, shown } = secretFor(sinkOf(sinks, given.format), body.secret, body.signature)
      const { id } = await endpoints.add({ ...given, secrets })
      reply.code(201).header('location', `/api/v1/endpoints/${id}`).header('cache-control', 'no-store')
      return { ...endpoints.view(id), ...shown }
    },
  )

  app.get('/api/v1/endpoints/:id', { config: viewer, schema: byId }, async ({ params }) => {
    await endpoints.refresh()
    return endpoints.view(params.id)
  })

  app.put(
    '/api/v1/endpoints/:id',
    { config: operator, schema: { ...byId, body: endpointSchema } },
    async ({ params: { id }, body }, reply) => {
      const given = wholeEndpoint(body)
      const shown = await replace(id, given, body)
      reply.header('cache-control', 'no-store')
      return { ...endpoints.view(id), ...shown }
    },
  )

  app.patch(
    '/api/v1/endpoints/:id',
    { config: operator, schema: { ...byId, body: endpointPatchSchema } },
    async ({ params: { id }, body: { disabled, ...body } }, reply) => {
      const { secret: _secret, signature: _kind, ...given } = body
      // Settings first: what does not fit must not leave it switched on or off.
      const shown = Object.keys(body).length === 0 ? {} : await replace(id, present(given), body)
      if (disabled !== undefined) await endpoints.setEnabled(id, !disabled)
      reply.header('cache-control', 'no-store')
      return { ...endpoints.view(id), ...shown }
    },
  )

  app.delete(
    '/api/v1/endpoints/:id',
    { config: { ...operator, answers: { 204: 'It is removed.' } }, schema: byId },
    async ({ params }, reply) => {
      await endpoints.refresh()
      await endpoints.remove(params.id)
      return reply.code(204).send()
    },
  )

  app.post(
    '/api/v1/endpoints/:id/rotate',
    { config: operator, schema: { ...byId, body: rotationSchema } },
    async ({ params: { id }, body }, reply) => {
      await endpoints.refresh()
      const sink = sinkOf(sinks, endpoints.get(id).format)
      const kind = body.signature ?? kindOf(endpoints.secretsOf(id))
      const { secrets, shown } = secretFor(sink, body.secret, kind)
      const until = new Date(now() + (body.overlapHours ?? 24) * 3_600_000).toISOString()
      await endpoints.rotate(id, secrets[0]?.secret ?? null, until)
      reply.header('cache-control', 'no-store')
      return { ...endpoints.view(id), ...shown }
    },
  )

  app.post('/api/v1/endpoints/:id/test', { config: operator, schema: byId }, async ({ params }) => {
    const result = await deliverer.test(params.id, stopping)
    return { ...result, receipt: undefined }
  })

  async function replace(id: string, given: Partial<GivenEndpoint>, { secret, signature }: Given): Promise<object> {
    await endpoints.refresh()
    const before = endpoints.get(id)
    const format = given.format ?? before.format
    const isNewSecret = secret !== undefined || signature !== undefined || format !== before.format
    const { secrets, shown } = secretFor(sinkOf(sinks, format), secret, signature)
    await endpoints.change(id, () => (isNewSecret ? { ...given, secrets } : given))
    return isNewSecret ? shown : {}
  }
}

function kindOf([secret]: readonly string[]): Kind {
  return secret !== undefined && webhookPublicKey(secret) !== null ? 'ed25519' : 'hmac'
}

function formatView({ format, signature, requires }: Sink) {
  const options = Object.entries(requires.options).map(([name, { description, isRequired }]) => ({
    ...{ name, description, required: isRequired === true },
  }))
  return {
    ...{ format, signature, schemes: requires.schemes, defaultUrl: requires.defaultUrl, options },
    secret: requires.secret && { description: requires.secret.description, required: requires.secret.isRequired },
    ...{ events: requires.events, canAct: requires.canAct },
  }
}
