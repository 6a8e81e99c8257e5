import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DavyError } from '../domain/errors.ts'
import { isLoopbackHost } from '../platform/loopback.ts'
import { findToken, mayUse, presentedToken, type Role, roles } from '../platform/tokens.ts'
import type { KnownTokens } from '../platform/tokens-file.ts'

/** Who is asking, for the audit: a token's name and role, or `local` where no tokens are configured. */
type Caller = { readonly name: string; readonly role: Role }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; `open` needs no token. Every route has to say. */
    role?: Role | 'open'
    /** Media types of a body that the route takes beside JSON and protobuf. */
    contentTypes?: readonly string[]
    /**
     * Where the body may hold the token, for callers that can send no header: its value, or undefined. Who sends a header
     * is judged by that alone.
     */
    bodyToken?: (body: unknown) => string | undefined
  }
  interface FastifyRequest {
    /** null on open routes and unknown paths. */
    caller: Caller | null
  }
}

export type AccessOptions = {
  /** Asked at each request; null: none are configured, which is only right on loopback. */
  readonly tokens: KnownTokens | null
  /** true when only this machine can connect. */
  readonly loopback: boolean
  readonly publicUrl: string
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])
const corsHeaders = 'authorization, content-type, content-encoding, idempotency-key, if-none-match'

function hostOf(header: string): string | null {
  const [, host] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.exec(header) ?? []
  return host?.replace(/\.$/, '') ?? null
}

/**
 * Refuses names that are not ours: a page whose name was rebound to this machine's address still sends its own name.
 * An address instead of a name cannot be rebound; probes and scrapers use it.
 */
function checkHost(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  const header = request.headers.host?.toLowerCase() ?? ''
  const host = hostOf(header)
  if (host !== null) {
    if (isLoopbackHost(host) || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return
    if (hosts.has(host) || hosts.has(header)) return
  }
  throw new DavyError('MISDIRECTED', 'The Host header is none of the names that Davy is known by.', {
    expected: 'a loopback name, the host of publicUrl, or one of allowedHosts (DAVY_ALLOWED_HOSTS)',
    got: JSON.stringify(header.slice(0, 100)),
    where: 'header host',
  })
}

function isOwnOrigin(origin: string, request: FastifyRequest): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host?.toLowerCase()
}

/** Refuses writes that a page of another site makes in somebody's browser. */
function checkOrigin(request: FastifyRequest, origins: ReadonlySet<string>): void {
  const { origin } = request.headers
  if (origin !== undefined && origins.has(origin)) return
  const site = request.headers['sec-fetch-site'] ?? 'none'
  const isOwnSite = site === 'same-origin' || site === 'none'
  if (isOwnSite && (origin === undefined || isOwnOrigin(origin, request))) return
  throw new DavyError('CROSS_ORIGIN', 'A page of another origin may not write here.', {
    expected: 'no Origin, the origin of publicUrl, or one of allowedOrigins (DAVY_ALLOWED_ORIGINS)',
    got: origin === undefined ? `sec-fetch-site ${site}` : JSON.stringify(origin.slice(0, 100)),
    where: origin === undefined ? 'header sec-fetch-site' : 'header origin',
  })
}

function hasBody(request: FastifyRequest): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** Refuses the media types that a page can send without being asked first: forms and plain text. */
function checkContentType(request: FastifyRequest): void {
  const header = request.headers['content-type']
  if (header === undefined && !hasBody(request)) return
  const type = (header ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/json' || type === 'application/x-protobuf') return
  if (/^application\/[a-z0-9.-]+\+json$/.test(type)) return
  const more = request.routeOptions.config.contentTypes ?? []
  if (more.includes(type)) return
  throw new DavyError('UNSUPPORTED_MEDIA_TYPE', 'A write needs a content type that only programs send.', {
    expected: ['application/json', 'application/x-protobuf', ...more].join(' or '),
    got: header === undefined ? 'no content type' : JSON.stringify(type.slice(0, 100)),
    where: 'header content-type',
  })
}

/**
 * Who presents this Authorization header, when that may do what asks for the role `needed`.
 * @param tokens null: none are configured, and everybody is `local`.
 * @throws DavyError UNAUTHENTICATED without a token that is known, FORBIDDEN when its role is another one.
 */
export function admit(
  authorization: string | undefined,
  needed: Role,
  isRead: boolean,
  tokens: KnownTokens | null,
): Caller {
  if (tokens === null) return { name: 'local', role: 'admin' }
  const presented = presentedToken(authorization)
  const token = presented === null ? null : findToken(tokens.current, presented)
  if (token === null) {
    throw new DavyError('UNAUTHENTICATED', 'This needs a token of the tokens file.', {
      expected: `a token with the role ${needed}, as Bearer or as the password of Basic`,
      got: presented === null ? 'no token' : 'a token that is not in the tokens file',
      where: 'header authorization',
    })
  }
  if (!mayUse(token.role, needed, isRead)) {
    throw new DavyError('FORBIDDEN', `The token ${token.name} may not do this.`, {
      expected: `a token with the role ${needed}`,
      got: `the role ${token.role}`,
      where: 'header authorization',
    })
  }
  return { name: token.name, role: token.role }
}

function tokenInBody({ routeOptions, body }: FastifyRequest): string | undefined {
  return routeOptions.config.bodyToken?.(body)
}

/** Whether the token may be in the body, which is not read yet. */
function isKnownByBody({ routeOptions, headers, is404 }: FastifyRequest): boolean {
  return !is404 && headers.authorization === undefined && routeOptions.config.bodyToken !== undefined
}

function callerOf(request: FastifyRequest, reply: FastifyReply, tokens: KnownTokens | null): Caller | null {
  const needed = request.routeOptions.config.role
  if (request.is404 || needed === 'open') return null
  if (needed === undefined) throw new DavyError('FORBIDDEN', 'The route does not say who may use it.')
  const token = request.headers.authorization === undefined ? tokenInBody(request) : undefined
  try {
    const authorization = token === undefined ? request.headers.authorization : `Bearer ${token}`
    return admit(authorization, needed, reads.has(request.method), tokens)
  } catch (error) {
    if (error instanceof DavyError && error.code === 'UNAUTHENTICATED') {
      reply.header('www-authenticate', 'Bearer realm="davy", Basic realm="davy", charset="UTF-8"')
    }
    throw error
  }
}

/** Tells a browser that a page of an allowed origin may call. @returns true when that was all it asked. */
function answerCors(request: FastifyRequest, reply: FastifyReply, origins: ReadonlySet<string>): boolean {
  const { origin } = request.headers
  if (origin === undefined || !origins.has(origin)) return false
  reply.header('access-control-allow-origin', origin).header('vary', 'Origin')
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE')
  reply.header('access-control-allow-headers', corsHeaders).header('access-control-max-age', '600')
  return true
}

function checkRole(method: string | string[], url: string, role: unknown): void {
  if (role === 'open' || roles.includes(role as Role)) return
  throw new Error(`the route ${method} ${url} needs config.role: ${roles.join(', ')} or open; it has ${role ?? 'none'}`)
}

/**
 * Lets in who may come in: Host, Origin, token and role, and content type of every request, before its body is read.
 * To be called on the root instance before any route is added; a route without `config.role` stops the start.
 * @throws DavyError CONFIG without tokens where others than this machine can connect.
 */
export function registerAccess(app: FastifyInstance, options: AccessOptions): void {
  const { tokens } = options
  if (tokens === null ? !options.loopback : tokens.current.length === 0) {
    throw new DavyError('CONFIG', 'Listening beyond loopback needs DAVY_TOKENS_FILE with at least one token.')
  }
  const publicUrl = new URL(options.publicUrl)
  const hosts = new Set([publicUrl.hostname, ...options.allowedHosts.map((host) => host.toLowerCase())])
  const allowedOrigins = new Set(options.allowedOrigins)
  const origins = new Set([publicUrl.origin, ...allowedOrigins])
  app.decorateRequest('caller', null)
  app.addHook('onRoute', (route) => checkRole(route.method, route.url, route.config?.role))
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, hosts)
    if (answerCors(request, reply, allowedOrigins)) return reply.code(204).send()
    const isWrite = !reads.has(request.method)
    if (isWrite) checkOrigin(request, origins)
    if (!isKnownByBody(request)) request.caller = callerOf(request, reply, tokens)
    if (isWrite) checkContentType(request)
  })
  app.addHook('preValidation', async (request, reply) => {
    if (isKnownByBody(request)) request.caller = callerOf(request, reply, tokens)
  })
}
