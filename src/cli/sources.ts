import type { Command } from 'commander'
import { mustRead, sourcesAnswer } from './answers.ts'
import { mustAsk } from './ask.ts'
import { connectionOf, withConnection } from './connection.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

/** `davy sources`: what Davy can ask for metrics, and which ready-made packs a Prometheus has data for. */
export function addSources(program: Command, terminal: Terminal): void {
  const command = program
    .command('sources')
    .description('say which packs of metrics the configured Prometheus has data for, and what is missing')
    .option('--json', 'print it as the API has it')
    .action(async ({ url, json }: { url?: string; json?: true }) => {
      const { text } = await mustAsk(connectionOf(terminal, url), { path: '/api/v1/sources' })
      const { sources, prometheus } = mustRead(sourcesAnswer, text, 'sources')
      if (json) return terminal.write(prettyJson(text))
      terminal.write(`Sources: ${oneLine(sources.join(', '))}\n`)
      if (prometheus.length === 0) terminal.write('No Prometheus is configured: set DAVY_SOURCES_PROMETHEUS_URL.\n')
      for (const { account, fault, packs } of prometheus) {
        terminal.write(`Prometheus ${oneLine(account)}${fault === null ? '' : `: ${oneLine(fault)}`}\n`)
        for (const { pack, state, missing } of packs) {
          const without = state === 'partial' ? `, missing ${missing.join(', ')}` : ''
          terminal.write(`  ${oneLine(pack).padEnd(14)} ${oneLine(`${state}${without}`)}\n`)
        }
      }
    })
  withConnection(command)
}
