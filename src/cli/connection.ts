import { type Command, Option } from 'commander'
import { CommandEnd } from './command-end.ts'
import type { Terminal } from './terminal.ts'

/** Where Davy is, and as whom we ask. */
export type Connection = {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: string | null
}

const defaultUrl = 'http://127.0.0.1:8080'

/** Adds what every command that asks a server takes. */
export function withConnection(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', `where Davy is; default: DAVY_URL, else ${defaultUrl}`))
    .addHelpText('after', '\nThe token comes from DAVY_TOKEN, or from the file that DAVY_TOKEN_FILE names.')
}

/**
 * The connection that option and environment describe.
 * @throws CommandEnd with `exitCode` when they do not fit. No message shows a token.
 */
export function connectionOf(terminal: Terminal, option: string | undefined, exitCode = 1): Connection {
  const fail = (message: string): never => {
    throw new CommandEnd(exitCode, message)
  }
  const { env } = terminal
  const from = option === undefined ? 'DAVY_URL' : '--url'
  return { url: checkedUrl(option ?? env.DAVY_URL ?? defaultUrl, from, fail), token: tokenOf(terminal, fail) }
}

function checkedUrl(text: string, from: string, fail: (message: string) => never): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isFit = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  if (url === null || !isFit || url.username !== '' || url.password !== '') {
    // What came may hold a password.
    return fail(`${from}: expected a URL like ${defaultUrl}, without user, query or fragment, got something else`)
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function tokenOf({ env, readFile }: Terminal, fail: (message: string) => never): string | null {
  if (env.DAVY_TOKEN !== undefined && env.DAVY_TOKEN_FILE !== undefined) {
    return fail('DAVY_TOKEN and DAVY_TOKEN_FILE: expected one of them, got both')
  }
  const from = env.DAVY_TOKEN === undefined ? 'DAVY_TOKEN_FILE' : 'DAVY_TOKEN'
  const given = env[from]
  if (given === undefined) return null
  const token = from === 'DAVY_TOKEN' ? given.trim() : readToken(given, readFile, fail)
  if (token === '') return fail(`${from}: expected a token, got nothing; unset it to ask without one`)
  if (!/^[\x21-\x7e]+$/.test(token)) return fail(`${from}: expected one token and nothing else, got other text`)
  return token
}

function readToken(path: string, readFile: Terminal['readFile'], fail: (message: string) => never): string {
  try {
    return readFile(path).trim()
  } catch (error) {
    return fail(`DAVY_TOKEN_FILE: expected a readable file, got ${(error as Error).message}`)
  }
}
