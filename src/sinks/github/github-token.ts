import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import type { AttemptResult, Delivery, Ports } from '../../domain/sink.ts'
import { failed, isSuccess, jsonIn } from '../platform-answer.ts'
import { githubFault, githubHeaders } from './github-answer.ts'

/** GitHub refuses more than ten minutes, and its clock may be behind ours. */
const lifeSeconds = 540
const skewSeconds = 60

/** The token of an App, signed with its private key (PEM, PKCS#1 or PKCS#8). @throws TypeError for another key. */
function appToken(appId: string, pem: string, at: Date): Promise<string> {
  const now = Math.floor(at.getTime() / 1000)
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(appId)
    .setIssuedAt(now - skewSeconds)
    .setExpirationTime(now + lifeSeconds)
    .sign(createPrivateKey(pem))
}

/**
 * What authorises a delivery: the endpoint's token as it is, or, with the option `appId`, a token of the App's
 * installation for this delivery alone.
 */
export async function githubToken(
  delivery: Delivery,
  http: Ports['http'],
  signal: AbortSignal,
): Promise<{ readonly token: string; readonly fault: null } | { readonly token: null; readonly fault: AttemptResult }> {
  const { endpoint, secrets, at } = delivery
  const secret = secrets[0] ?? ''
  const { appId, installationId = '' } = endpoint.options
  if (appId === undefined) return { token: secret, fault: null }
  let jwt: string
  try {
    jwt = await appToken(appId, secret, at)
  } catch {
    return { token: null, fault: failed('the secret is not an RSA private key in PEM, which the App signs with') }
  }
  const url = `${endpoint.url.replace(/\/+$/, '')}/app/installations/${encodeURIComponent(installationId)}/access_tokens`
  const response = await http({ method: 'POST', url, headers: githubHeaders(jwt), body: '{}' }, signal)
  if (!isSuccess(response.status)) return { token: null, fault: githubFault(response, delivery) }
  const token = (jsonIn(response.text) as { token?: unknown } | undefined)?.token
  if (typeof token === 'string') return { token, fault: null }
  return { token: null, fault: failed('GitHub did not give a token of the installation', response.status) }
}
