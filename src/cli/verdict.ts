import { type Command, Option } from 'commander'
import { formatInterval, formatRatio } from '../domain/format.ts'
import { metricsAnswer, mustRead, type VerdictAnswer, verdictAnswer } from './answers.ts'
import { mustAsk } from './ask.ts'
import { columns } from './columns.ts'
import { connectionOf, withConnection } from './connection.ts'
import { oneLine, type Terminal } from './terminal.ts'
import { expected } from './verdict-line.ts'

/** `davy verdict`: the newest verdict as it is now. */
export function addVerdict(program: Command, terminal: Terminal): void {
  const command = program
    .command('verdict')
    .description('print the newest verdict of a deployment; the exit code says nothing about it')
    .argument('<deployment>', 'its id')
    .addOption(new Option('--json', 'print it as the API has it').conflicts('markdown'))
    .option('--markdown', 'print it for a job summary or a pull request')
    .action(async (id: string, options: { url?: string; json?: true; markdown?: true }) => {
      const connection = connectionOf(terminal, options.url)
      const path = `/api/v1/deployments/${encodeURIComponent(id)}/verdict`
      if (options.markdown) {
        const { text } = await mustAsk(connection, { path, query: { format: 'markdown' } })
        terminal.write(text)
        return
      }
      const { text, serverTime } = await mustAsk(connection, { path })
      const verdict = mustRead(verdictAnswer, text, 'a verdict')
      if (options.json) terminal.write(`${JSON.stringify(verdict, null, 2)}\n`)
      else terminal.write(shown(verdict, text, serverTime ?? terminal.clock.now()))
    })
  withConnection(command)
}

function shown(verdict: VerdictAnswer, text: string, now: number): string {
  const { decision, reason, mode, look, decidedAt, final } = verdict
  const { metrics } = mustRead(metricsAnswer, text, 'a verdict with metrics')
  const rows = metrics.map(({ name, finding, effect }) => [
    oneLine(name),
    oneLine(finding),
    `${formatRatio(effect.ratio)} (${formatInterval(effect.low, effect.high)})`,
  ])
  const observed = mode === 'observe' ? ' (only observed: gates wait)' : ''
  return [
    `${decision.toUpperCase()}  ${oneLine(reason.code)}${observed}`,
    `${oneLine(reason.summary)}${expected(verdict, now)}`,
    ...(reason.detail === '' ? [] : [oneLine(reason.detail)]),
    ...columns(rows).map((line) => `  ${line}`),
    `look ${look}, ${decidedAt}${final ? ', final' : ''}`,
    oneLine(verdict.reportUrl),
    '',
  ].join('\n')
}
