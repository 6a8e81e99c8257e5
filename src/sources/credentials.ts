import { readFile } from 'node:fs/promises'

/** Who asks: a user with a password, or a token; the secrets in files, which are read anew at each question. */
export type Credentials = {
  readonly userName?: string
  readonly passwordFile?: string
  readonly bearerTokenFile?: string
}

/**
 * The headers that say who asks, and the secrets in them.
 * @param scheme what stands before a token
 * @throws Error of the file system when a file cannot be read
 */
export async function credentialsOf(
  { userName, passwordFile, bearerTokenFile }: Credentials,
  scheme = 'Bearer',
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly secrets: readonly string[] }> {
  if (bearerTokenFile !== undefined) {
    const token = await secretIn(bearerTokenFile)
    return { headers: { authorization: `${scheme} ${token}` }, secrets: [token] }
  }
  if (userName === undefined) return { headers: {}, secrets: [] }
  const password = passwordFile === undefined ? '' : await secretIn(passwordFile)
  const pair = Buffer.from(`${userName}:${password}`).toString('base64')
  return { headers: { authorization: `Basic ${pair}` }, secrets: [pair, password] }
}

/** A secret as a file has it, without the space around it. @throws Error of the file system */
export async function secretIn(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim()
}
