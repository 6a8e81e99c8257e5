#!/usr/bin/env node
import { createProgram, runProgram } from './cli/program.ts'
import { processTerminal } from './cli/terminal.ts'
import { DavyError } from './domain/errors.ts'
import { loadConfig } from './platform/config.ts'
import { version } from './version.ts'

const terminal = processTerminal()
const program = createProgram(terminal, version)

// What opens the storage is imported when it is asked for: no other command waits for it, or fails where it is missing.
program
  .command('serve')
  .description('take in telemetry, judge deployments, serve API and pages')
  .action(async () => {
    const { runServe } = await import('./run-serve.ts')
    await runServe(loadConfig(process.env, terminal.readFile))
  })

program
  .command('migrate')
  .description("bring the storage's tables up to date")
  .option('--plan', 'only print what would be done')
  .action(async ({ plan = false }: { plan?: boolean }) => {
    const { runMigrate } = await import('./run-migrate.ts')
    await runMigrate(loadConfig(process.env, terminal.readFile), plan)
  })

program
  .command('backup')
  .argument(
    '<to>',
    "a directory that is not there yet, or where a ClickHouse server shall write: Disk('backups', 'davy-1')",
  )
  .description(
    'copy all that Davy knows: the embedded storage of a Davy that is stopped, or by BACKUP of a ClickHouse server',
  )
  .action(async (to: string) => {
    const { runBackup } = await import('./run-backup.ts')
    await runBackup(loadConfig(process.env, terminal.readFile), to, terminal)
  })

program
  .command('healthcheck')
  .description('is the Davy of this configuration alive, on this machine? for container images')
  .action(async () => {
    const { runHealthcheck } = await import('./run-healthcheck.ts')
    await runHealthcheck(loadConfig(process.env, terminal.readFile))
  })

try {
  process.exitCode = await runProgram(program, process.argv.slice(2), terminal)
} catch (error) {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`davy: ${error instanceof DavyError ? error.message : stack}\n`)
  process.exit(1)
}
