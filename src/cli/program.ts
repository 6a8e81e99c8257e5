import { Command, CommanderError } from 'commander'
import { addAnalyse } from './analyse.ts'
import { CommandEnd } from './command-end.ts'
import { addDeployments } from './deployments.ts'
import { addLogs } from './logs.ts'
import { addOffline } from './offline.ts'
import { addPlan } from './plan.ts'
import { addQuarantine } from './quarantine.ts'
import { addRegister } from './register.ts'
import { addReplay } from './replay.ts'
import { addSources } from './sources.ts'
import { addTelling } from './tell.ts'
import type { Terminal } from './terminal.ts'
import { addVerdict } from './verdict.ts'
import { addWait } from './wait.ts'
import { addWebhooks } from './webhooks.ts'

/** `davy` with all commands that do not open the storage; the caller may add others. */
export function createProgram(terminal: Terminal, version: string): Command {
  const program = new Command('davy')
    .description('Promote, hold or roll back?')
    .version(version, '--version')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.write,
      writeErr: terminal.writeError,
      outputError: (text, write) => write(text.replace(/^error:/, 'davy:')),
    })
    .showHelpAfterError('--help says more.')
  addRegister(program, terminal)
  addWait(program, terminal)
  addVerdict(program, terminal)
  addTelling(program, terminal)
  addDeployments(program, terminal)
  addPlan(program, terminal)
  addSources(program, terminal)
  addLogs(program, terminal)
  addQuarantine(program, terminal)
  addWebhooks(program, terminal)
  addReplay(program, terminal, version)
  addAnalyse(program, terminal)
  addOffline(program, terminal)
  return program
}

/**
 * Runs one command line to its exit code: 0, 1 when it failed, 2 when it was used wrongly; `wait` has codes of its own.
 * @throws what is no expected failure.
 */
export async function runProgram(program: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommandEnd) {
      if (error.message !== '') terminal.writeError(`davy: ${error.message}\n`)
      return error.exitCode
    }
    if (error instanceof CommanderError) return error.exitCode === 1 ? 2 : error.exitCode
    throw error
  }
}
