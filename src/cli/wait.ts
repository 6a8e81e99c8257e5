import { type Command, Option } from 'commander'
import { formatDuration } from '../domain/format.ts'
import { CommandEnd } from './command-end.ts'
import { connectionOf, withConnection } from './connection.ts'
import { parseDuration } from './duration.ts'
import { oneLine, type Terminal } from './terminal.ts'
import { verdictLine } from './verdict-line.ts'
import { type Seen, type WaitEnd, waitForDecision } from './wait-for-decision.ts'

type Options = { url?: string; timeout: number; exitCode?: true; json?: true }

/** Nothing of this command's own failures may look like 1, a rollback, or 2, a hold. */
const notAnalysedCode = 3
const codes = { promote: 0, rollback: 1, hold: 2, 'not-analysed': notAnalysedCode, interrupted: 130 } as const

const help = `
Ends as soon as the gate, as a controller would be told, says promote or rollback, or when no other verdict can come.
Under the kill switch and for deployments that are only observed the gate says neither.

Exit codes with --exit-code:
  0    promote: harm beyond the margins is ruled out
  1    rollback: harm is shown
  2    hold: no decision within the timeout, or the deployment was closed without one
  3    not analysed: the server was not reached or refused, the deployment is unknown, the newest verdict is too old, or
       there was nothing to compare by the end (WARMING_UP, NO_TRAFFIC, NO_CANARY_DATA, NO_BASELINE_DATA, SOURCE_DOWN,
       EXPIRED); also every wrong use of this command
  130  interrupted
Without it 0 stands for promote, rollback and hold: that an answer came, not what it is.

With --json the standard output gets one document at the end, {outcome, exitCode, why, gate, verdict}, and the lines on
the way go to the standard error.`

/** `davy wait`: waits for a decision. */
export function addWait(program: Command, terminal: Terminal): void {
  const command = program
    .command('wait')
    .description('wait until a deployment is decided')
    .argument('<deployment>', 'its id')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait at most, like 90s, 30m or 2h; 0s asks once')
        .argParser(parseDuration)
        .default(1_800_000, '30m'),
    )
    .option('--exit-code', 'tell the decision by the exit code')
    .option('--json', 'print one JSON document at the end')
    .addHelpText('after', help)
    .exitOverride((error) => {
      if (error.exitCode !== 0) error.exitCode = notAnalysedCode
      throw error
    })
    .action(async (deploymentId: string, options: Options) => {
      const end = await guarded(() => watch(terminal, deploymentId, options))
      report(terminal, end, options)
    })
  withConnection(command)
}

/** A fault of our own must not end with Node's code for an uncaught error, which is 1. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CommandEnd) throw error
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new CommandEnd(notAnalysedCode, `not analysed: ${detail}`)
  }
}

async function watch(terminal: Terminal, deploymentId: string, options: Options): Promise<WaitEnd> {
  const tell = options.json ? terminal.writeError : terminal.write
  const interrupt = new AbortController()
  terminal.onInterrupt(() => interrupt.abort())
  return waitForDecision({
    connection: connectionOf(terminal, options.url, notAnalysedCode),
    deploymentId,
    timeoutMs: options.timeout,
    clock: terminal.clock,
    random: Math.random,
    signal: interrupt.signal,
    onChange: (seen) => tell(`${verdictLine(seen, terminal.clock.now() + seen.skewMs)}\n`),
    onTrouble: (line) => terminal.writeError(line === null ? 'davy: answers again\n' : `davy: ${line}; trying again\n`),
  })
}

function report(terminal: Terminal, { outcome, why, seen }: WaitEnd, options: Options): void {
  const exitCode = outcome === 'interrupted' || outcome === 'not-analysed' || options.exitCode ? codes[outcome] : 0
  if (options.json) terminal.write(`${JSON.stringify(documentOf(outcome, exitCode, why, seen), null, 2)}\n`)
  else if (seen !== null) terminal.write(`${oneLine(seen.verdict.reportUrl)}\n`)
  const waited = `after at most ${formatDuration(options.timeout / 1000)}`
  if (outcome === 'hold') terminal.writeError(`davy: hold ${waited}: ${oneLine(why)}\n`)
  if (outcome !== 'promote' && exitCode === 0) {
    terminal.writeError('davy: exit code 0 says only that an answer came; --exit-code makes it tell the answer\n')
  }
  if (exitCode === 0) return
  throw new CommandEnd(exitCode, outcome === 'not-analysed' ? `not analysed: ${oneLine(why)}` : '')
}

function documentOf(outcome: WaitEnd['outcome'], exitCode: number, why: string, seen: Seen | null) {
  return { outcome, exitCode, why, gate: seen?.gate ?? null, verdict: seen?.verdict ?? null }
}
