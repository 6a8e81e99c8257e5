import { readFile } from 'node:fs/promises'
import type { AwsCredentials } from './sign-request.ts'

const usual = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
} as const

/**
 * A static key, of a section of a shared credentials file, or of the environment when there is no file. Roles, web
 * identities, instance metadata and SSO are not asked.
 * @throws Error that says what is missing and where, without secrets
 */
export async function awsCredentials(
  { credentialsFile, profile }: { readonly credentialsFile?: string; readonly profile: string },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AwsCredentials> {
  const place = credentialsFile === undefined ? 'the environment' : `[${profile}] of ${credentialsFile}`
  const given =
    credentialsFile === undefined ? environment : keysOf(sectionOf(await readFile(credentialsFile, 'utf8'), profile))
  const missing = [usual.accessKeyId, usual.secretAccessKey].find((name) => !given[name])
  if (missing !== undefined) throw new MissingKey(`${place} has no ${missing}`)
  const sessionToken = given[usual.sessionToken]
  return {
    accessKeyId: given[usual.accessKeyId]!,
    secretAccessKey: given[usual.secretAccessKey]!,
    ...(sessionToken ? { sessionToken } : {}),
  }
}

/** That there is no key to sign with; its message has no secret. */
export class MissingKey extends Error {
  override readonly name = 'MissingKey'
}

function keysOf(section: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(section).map(([name, value]) => [name.toUpperCase(), value]))
}

/** The `name = value` lines of one [section] of a file. */
function sectionOf(text: string, section: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  let isWithin = false
  for (const line of text.split(/\r?\n/)) {
    const [, header] = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line) ?? []
    if (header !== undefined) isWithin = header === section
    const [, name, value] = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (isWithin && name !== undefined) found[name] = value ?? ''
  }
  return found
}
