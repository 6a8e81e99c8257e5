import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { DavyError } from '../../domain/errors.ts'
import type { SignedIntegration } from '../../platform/config-integrations.ts'
import type { App, Services } from '../services.ts'

/** Whether a call comes from whom it says that it does. @param body the bytes as they came. */
export type Proof = (headers: IncomingHttpHeaders, body: Buffer, secrets: readonly string[]) => boolean

/**
 * Routes whose callers sign the body, or send a secret, instead of a token: nothing of the body is read before that is
 * checked. Without a configured secret every call is refused.
 */
export function signedScope(
  app: App,
  { integrationSecrets }: Services,
  { name, proof, header }: { readonly name: SignedIntegration; readonly proof: Proof; readonly header: string },
  routes: (scope: App) => void,
): void {
  const secrets = integrationSecrets[name]
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    const parseJson = scope.getDefaultJsonParser('error', 'error')
    scope.addContentTypeParser(
      /^application\/([a-z0-9.-]+\+)?json\b/,
      { parseAs: 'buffer' },
      (request, body: Buffer, done) => {
        if (secrets.length === 0) return done(notConfigured(name))
        if (!proof(request.headers, body, secrets)) return done(notProven(name, header))
        return parseJson(request, body.toString('utf8'), done)
      },
    )
    routes(scope as App)
  })
}

/** HMAC-SHA256 of the body in hex, by any of the secrets; the time tells nothing. */
export function isSigned(signature: string | string[] | undefined, body: Buffer, secrets: readonly string[]): boolean {
  if (typeof signature !== 'string') return false
  const presented = Buffer.from(signature.toLowerCase())
  let isGood = false
  for (const secret of secrets) {
    const expected = Buffer.from(createHmac('sha256', secret).update(body).digest('hex'))
    if (expected.length === presented.length && timingSafeEqual(expected, presented)) isGood = true
  }
  return isGood
}

/** Whether this is one of the secrets; the time tells nothing. */
export function isSecret(presented: string | string[] | undefined, secrets: readonly string[]): boolean {
  if (typeof presented !== 'string') return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const given = digest(presented)
  let isGood = false
  for (const secret of secrets) if (timingSafeEqual(digest(secret), given)) isGood = true
  return isGood
}

/** The value of a header like `sha256=<hex>` after the equals sign. */
export function sha256Of(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] : undefined
}

function notConfigured(name: SignedIntegration): DavyError {
  return new DavyError('FORBIDDEN', `No secret is configured for ${name}, so nobody can prove to be it.`, {
    expected: `integrations.${name}.secretFile (DAVY_INTEGRATIONS_${name.toUpperCase()}_SECRET_FILE)`,
    got: 'none',
    where: 'configuration',
  })
}

function notProven(name: SignedIntegration, header: string): DavyError {
  return new DavyError('UNAUTHENTICATED', `The call does not prove to come from ${name}.`, {
    expected: `${header} made with the secret of integrations.${name}.secretFile over the body as it is`,
    got: 'none, or another one',
    where: `header ${header.toLowerCase()}`,
  })
}
