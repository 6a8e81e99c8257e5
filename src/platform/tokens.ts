import { createHash, timingSafeEqual } from 'node:crypto'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { DavyError } from '../domain/errors.ts'
import { parseLocatedYaml } from './config-yaml.ts'
import { schemaFaults } from './schema-faults.ts'

/**
 * ingest: sends telemetry. gate: opens and closes deployments and asks for verdicts. viewer: reads everything.
 * operator: viewer and gate, and overrides, feedback, templates and endpoints. admin: everything.
 */
export const roles = ['ingest', 'gate', 'viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** One who may connect. `hash` is what {@link hashToken} makes. */
export type Token = { readonly name: string; readonly role: Role; readonly hash: string }

const tokensSchema = Type.Array(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 100 }),
      role: Type.Enum([...roles]),
      hash: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }),
    },
    { additionalProperties: false },
  ),
  { minItems: 1 },
)

/**
 * The hash of a token as the tokens file holds it. Plain SHA-256 is right here and a slow hash is not: slowness
 * protects what can be guessed, a token has 256 random bits, and every request has to be checked.
 */
export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`
}

/** A new token. @param random 32 random bytes. */
export function newToken(random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError(`a token takes 32 random bytes, got ${random.length}`)
  return `davy_${Buffer.from(random).toString('base64url')}`
}

/**
 * The tokens of a YAML file: a list of `{name, role, hash}`.
 * @throws DavyError CONFIG, naming file, line and column, when it holds anything else, or nothing.
 */
export function parseTokens(text: string, file: string): readonly Token[] {
  const yaml = parseLocatedYaml(text, file)
  const errors = [...yaml.errors]
  const value = yaml.value
  if (errors.length === 0) {
    for (const fault of schemaFaults(tokensSchema, Value.Errors(tokensSchema, value), value)) {
      // A token written in place of its hash must not reach the log.
      const got = fault.pointer.endsWith('/hash') ? 'another form' : fault.got
      errors.push(`${yaml.locate(fault.pointer)}: expected ${fault.expected}, got ${got}`)
    }
  }
  const tokens = errors.length === 0 ? (value as Token[]) : []
  for (const [index, { name, hash }] of tokens.entries()) {
    const earlier = tokens.slice(0, index)
    const where = yaml.locate(`/${index}`)
    if (earlier.some((other) => other.name === name)) errors.push(`${where}: expected a new name, got ${name} again`)
    if (earlier.some((other) => other.hash === hash)) errors.push(`${where}: expected a new hash, got an earlier one`)
  }
  if (errors.length > 0) throw new DavyError('CONFIG', errors.join('\n'), { where: file })
  return tokens
}

/**
 * The tokens of a file. @param readFile its text; throws when there is none.
 * @throws DavyError CONFIG when it cannot be read, or as {@link parseTokens}.
 */
export function readTokens(file: string, readFile: (path: string) => string): readonly Token[] {
  let text: string
  try {
    text = readFile(file)
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause)
    throw new DavyError('CONFIG', `DAVY_TOKENS_FILE: expected a readable file, got ${got}`, { where: file, cause })
  }
  return parseTokens(text, file)
}

/** Whose token this is, or null. Every hash is compared in full, so that the time tells nothing. */
export function findToken(tokens: readonly Token[], presented: string): Token | null {
  const presentedHash = Buffer.from(hashToken(presented))
  let found: Token | null = null
  for (const token of tokens) {
    if (timingSafeEqual(Buffer.from(token.hash), presentedHash)) found = token
  }
  return found
}

/** The token in an Authorization header, as Bearer or as the password of Basic; null when there is none. */
export function presentedToken(authorization: string | undefined): string | null {
  const [, scheme, credentials] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? []
  if (scheme === undefined || credentials === undefined) return null
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return null
  const pair = Buffer.from(credentials, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon === -1 ? null : pair.slice(colon + 1)
}

/** What a role may do at a route that asks for `needed`: reading gates is reading, so viewers may. */
export function mayUse(role: Role, needed: Role, isRead: boolean): boolean {
  if (role === 'admin' || role === needed) return true
  if (role === 'operator') return needed === 'viewer' || needed === 'gate'
  return role === 'viewer' && needed === 'gate' && isRead
}
