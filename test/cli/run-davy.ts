import { createProgram, runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { systemClock } from '../../src/platform/clock.ts'

export type Run = { readonly exitCode: number; readonly out: string; readonly err: string }

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  /** The standard input. */
  readonly input?: string
  /** Called with what was written to the standard output and error so far. */
  readonly onWrite?: (said: string) => void
}

/** Pauses between questions are a fiftieth of the real ones; timeouts are real. */
const hurriedClock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 50, signal) }

/** Runs one command line in this process. */
export async function runDavy(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { env = {}, files = {}, input = '', onWrite = () => {} } = options
  let out = ''
  let err = ''
  const terminal: Terminal = {
    env,
    clock: hurriedClock,
    random: (count) => new Uint8Array(count).fill(7),
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
      return text
    },
    readInput: () => input,
    write: (text) => {
      out += text
      onWrite(out + err)
    },
    writeError: (text) => {
      err += text
      onWrite(out + err)
    },
    onInterrupt: () => {},
  }
  const exitCode = await runProgram(createProgram(terminal, '1.2.3'), args, terminal)
  return { exitCode, out, err }
}
