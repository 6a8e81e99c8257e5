import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { Environment } from '../platform/config-env.ts'

/** All that a command touches beside the server that it asks. */
export type Terminal = {
  readonly env: Environment
  readonly clock: Clock
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array
  readonly readFile: (path: string) => string
  /** The whole standard input. */
  readonly readInput: () => string
  /** To the standard output: what was asked for. */
  readonly write: (text: string) => void
  /** To the standard error: what happens on the way, and why something failed. */
  readonly writeError: (text: string) => void
  /** `listener` is called at the first Ctrl-C; the second one ends the process. */
  readonly onInterrupt: (listener: () => void) => void
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
  return {
    env: process.env,
    clock: systemClock,
    random: (count) => randomBytes(count),
    readFile: (path) => readFileSync(path, 'utf8'),
    readInput: () => readFileSync(0, 'utf8'),
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    onInterrupt: (listener) => void process.once('SIGINT', listener),
  }
}

/** `davy wait … | head -1` closes the pipe early; as an uncaught error that would end with 1, which means rollback. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** Text of the telemetry or of the server as one line that cannot steer the terminal: control characters to spaces. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
}
