import type { Command } from 'commander'
import { cohortLabel } from '../domain/cohort.ts'
import { type DeploymentAnswer, mustRead, pageAnswer } from './answers.ts'
import { mustAsk } from './ask.ts'
import { columns } from './columns.ts'
import { connectionOf, withConnection } from './connection.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Options = { url?: string; open?: true; json?: true; service?: string; environment?: string; limit: string }

/** `davy deployments`: a table of them, newest first. */
export function addDeployments(program: Command, terminal: Terminal): void {
  const command = program
    .command('deployments')
    .description('list deployments, newest first')
    .option('--open', 'only those that are not closed')
    .option('--service <name>', 'only those of this service')
    .option('--environment <name>', 'only those in this environment')
    .option('--limit <count>', 'at most so many, 1 to 999', '50')
    .option('--json', 'print {items, nextCursor} as the API has it')
    .action(async (options: Options) => {
      const { service, environment, limit } = options
      const query = { service, environment, limit, status: options.open ? 'open' : undefined }
      const { text } = await mustAsk(connectionOf(terminal, options.url), { path: '/api/v1/deployments', query })
      const { items, nextCursor } = mustRead(pageAnswer, text, 'a list of deployments')
      if (options.json) terminal.write(prettyJson(text))
      else terminal.write(`${table(items).join('\n')}\n`)
      if (nextCursor !== null) terminal.writeError(`davy: there are more than ${limit}; --limit shows more\n`)
    })
  withConnection(command)
}

function table(deployments: readonly DeploymentAnswer[]): string[] {
  const head = ['ID', 'SERVICE', 'ENVIRONMENT', 'BASELINE', 'CANARY', 'MODE', 'STATUS', 'STARTED']
  const rows = deployments.map(({ id, service, environment, baseline, canary, mode, outcome, startedAt }) => [
    ...[id, service, environment, cohortLabel(baseline), cohortLabel(canary), mode, outcome ?? 'open'],
    startedAt,
  ])
  return columns([head, ...rows.map((row) => row.map(oneLine))])
}
