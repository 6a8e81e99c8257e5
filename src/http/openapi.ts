import type { FastifyDynamicSwaggerOptions, SwaggerTransform } from '@fastify/swagger'
import type { FastifyContextConfig, FastifySchema } from 'fastify'
import { errorTable } from '../domain/errors.ts'

/** What an answer means; `types`: the media types of what it holds, none where it has no body. */
type Answer = string | { readonly text: string; readonly types: readonly string[] }

/** Answers by status: every one below 400, and those above that are no problem. */
export type Answers = Readonly<Record<number, Answer>>

/** What a route says for `/openapi.json` alone: schemas of answers would change how fastify writes them. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** What it answers; 200 when absent. */
    answers?: Answers
    /** Headers of the answers below 400, and what they hold. */
    answerHeaders?: Readonly<Record<string, string>>
    /** Schemas of the body by media type, where the route reads and checks it itself. */
    takes?: Readonly<Record<string, object>>
  }
}

const json = ['application/json'] as const
/** 204 and 304 have no body by the rules of HTTP. */
const bodiless = new Set([204, 304])

const inHeader = (name: string, description: string) => ({ type: 'apiKey', in: 'header', name, description }) as const

/** How callers prove who they are. The signatures are those of `integrations/signed-scope.ts`. */
const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'a token of the tokens file; none is needed without one' },
  basic: { type: 'http', scheme: 'basic', description: 'the token as the password, with any user name' },
  github: inHeader('X-Hub-Signature-256', 'HMAC of the body with the secret of integrations.github.secretFile'),
  gitlabSignature: inHeader('X-Gitlab-Signature', 'HMAC of the body with the secret of integrations.gitlab.secretFile'),
  gitlabToken: inHeader('X-Gitlab-Token', 'the secret of integrations.gitlab.secretFile'),
  flux: inHeader('X-Signature', 'HMAC of the body with the secret of integrations.flux.secretFile'),
} as const

const text = (description: string) => ({ type: 'string', description })

const schemas = {
  Problem: {
    type: 'object',
    description: 'An error as RFC 9457 has it.',
    required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
    properties: {
      type: text('a URN of the code'),
      title: text('what the code means'),
      status: { type: 'integer' },
      code: {
        type: 'string',
        enum: Object.keys(errorTable),
        description: 'stable; consumers treat new ones by the status',
      },
      detail: text('what happened this time, in a sentence'),
      instance: text('the path of the request'),
      expected: text('what would have been right'),
      got: text('what came instead'),
      where: text('where: a JSON pointer into the body, ?name of the query, {name} of the path, a header'),
      errors: {
        type: 'array',
        description: 'all that is wrong, when it is more than one thing',
        items: {
          type: 'object',
          required: ['where', 'expected', 'got'],
          properties: { where: { type: 'string' }, expected: { type: 'string' }, got: { type: 'string' } },
        },
      },
      traceId: text('of the request'),
    },
  },
  KayentaError: {
    type: 'object',
    description: "An error in Kayenta's shape, with what Davy says of every error beside the message.",
    required: ['message', 'status', 'error', 'code', 'timestamp'],
    properties: {
      message: { type: 'string' },
      status: { type: 'integer' },
      error: { type: 'string' },
      code: { type: 'string', enum: Object.keys(errorTable) },
      timestamp: { type: 'integer', description: 'Unix milliseconds' },
    },
    additionalProperties: true,
  },
  RpcStatus: {
    type: 'object',
    description: 'google.rpc.Status, in the encoding of the request.',
    properties: { code: { type: 'integer', description: 'of gRPC' }, message: { type: 'string' } },
  },
}

type Failures = { readonly types: readonly string[]; readonly schema: keyof typeof schemas }

/** In which form a route's errors come: by its tag where it is not a problem. */
const failuresByTag: Readonly<Record<string, Failures>> = {
  kayenta: { types: json, schema: 'KayentaError' },
  otlp: { types: ['application/json', 'application/x-protobuf'], schema: 'RpcStatus' },
}
const problem: Failures = { types: ['application/problem+json'], schema: 'Problem' }

function contentOf(types: readonly string[], schema: object): Record<string, { schema: object }> {
  return Object.fromEntries(types.map((type) => [type, { schema }]))
}

function failureContent({ tags = [] }: FastifySchema): Record<string, { schema: object }> {
  const { types, schema } = tags.map((tag) => failuresByTag[tag]).find((each) => each !== undefined) ?? problem
  return contentOf(types, { $ref: `#/components/schemas/${schema}` })
}

function responseOf(status: number, answer: Answer, schema: FastifySchema, headers: object | undefined): object {
  const { text: description, types } =
    typeof answer === 'string' ? { text: answer, types: schema.produces ?? json } : answer
  if (status >= 400) return { description, content: { ...contentOf(types, {}), ...failureContent(schema) } }
  if (bodiless.has(status) || types.length === 0) return { type: 'null', description, headers }
  const known = (schema.response as Readonly<Record<number, object>> | undefined)?.[status]
  return { description, headers, content: contentOf(types, known ?? {}) }
}

function responsesOf(schema: FastifySchema, { answers, answerHeaders }: FastifyContextConfig): object {
  const said = Object.entries(answerHeaders ?? {}).map(([name, words]) => [name, text(words)] as const)
  const headers = said.length === 0 ? undefined : Object.fromEntries(said)
  const told = Object.entries(answers ?? { 200: 'What was asked for.' })
  return {
    ...Object.fromEntries(
      told.map(([status, answer]) => [status, responseOf(Number(status), answer, schema, headers)]),
    ),
    '4XX': { description: 'Refused; the code says why.', content: failureContent(schema) },
    '5XX': { description: 'Davy failed or cannot answer now.', content: failureContent(schema) },
  }
}

/** OpenAPI lets a scheme name the roles that are needed. */
function securityOf({ role }: FastifyContextConfig): NonNullable<FastifySchema['security']> {
  return role === 'open' || role === undefined ? [] : [{ bearer: [role] }, { basic: [role] }]
}

/** A route's schema with what its config tells: who may call it, its body, and its answers. */
const documented: SwaggerTransform = ({ schema, url, route }) => {
  const config = route.config ?? {}
  if (schema === undefined || schema.hide === true) return { schema, url }
  const body = config.takes === undefined ? {} : { body: { content: bodiesOf(config.takes) } }
  const security = schema.security ?? securityOf(config)
  return { url, schema: { ...schema, ...body, security, response: responsesOf(schema, config) } }
}

function bodiesOf(takes: Readonly<Record<string, object>>): Record<string, { schema: object }> {
  return Object.fromEntries(Object.entries(takes).map(([type, schema]) => [type, { schema }]))
}

/** The document at `/openapi.json`: schemas validate and document at once, the rest is in the routes' config. */
export function openapiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Davy',
        version,
        description: 'Judges a release while it rolls out: promote, hold or roll back, with evidence.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes, schemas: schemas as never },
    },
    transform: documented,
  }
}
