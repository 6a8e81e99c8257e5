import type { Command } from 'commander'
import {
  type ComparedLogsAnswer,
  comparedLogsAnswer,
  type LogTemplatesAnswer,
  logFeedbackAnswer,
  logTemplatesAnswer,
  mustRead,
} from './answers.ts'
import { mustAsk } from './ask.ts'
import { columns } from './columns.ts'
import { connectionOf, withConnection } from './connection.ts'
import { addList } from './list-command.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type ListOptions = {
  url?: string
  json?: true
  release?: string
  namespace?: string
  environment?: string
  severity?: string
  hours: string
  limit: string
}
type SayOptions = { url?: string; reason: string; until?: string }

const pathOf = (service: string) => `/api/v1/services/${encodeURIComponent(service)}/log-templates`

/** `davy logs list`, `compare`, `expect` and `unexpect`: what services log, by template, and what people say of it. */
export function addLogs(program: Command, terminal: Terminal): void {
  const logs = program
    .command('logs')
    .description('list what a service logs, by template, and say what of it is expected')

  const list = addList(
    logs,
    'list templates with their lines and requests by version, the worst and most frequent first',
  )
    .argument('<service>', 'its name')
    .option('--release <version>', 'only what this version logged')
    .option('--namespace <name>', 'only in this namespace')
    .option('--environment <name>', 'only in this environment')
    .option('--severity <name>', 'the least: trace, debug, info, warn, error or fatal')
    .option('--hours <count>', 'so far back, at most 336', '24')
    .action(async (service: string, options: ListOptions) => {
      const { url, json, release: version, namespace, environment, severity, hours, limit } = options
      const query = { version, namespace, environment, severity, hours, limit }
      const { text } = await mustAsk(connectionOf(terminal, url), { path: pathOf(service), query })
      const { items, more } = mustRead(logTemplatesAnswer, text, 'a list of log templates')
      terminal.write(json ? prettyJson(text) : `${table(items).join('\n')}\n`)
      if (more > 0) terminal.writeError(`davy: there are ${more} more; --limit shows more\n`)
    })

  const compare = logs
    .command('compare')
    .description('compare what both cohorts of a deployment log of warnings and errors, what differs first')
    .argument('<deployment>', 'its id')
    .option('--json', 'print it as the API has it')
    .action(async (id: string, { url, json }: { url?: string; json?: true }) => {
      const path = `/api/v1/deployments/${encodeURIComponent(id)}/log-templates`
      const { text } = await mustAsk(connectionOf(terminal, url), { path })
      const { items } = mustRead(comparedLogsAnswer, text, 'what both cohorts log')
      terminal.write(json ? prettyJson(text) : `${comparison(items).join('\n')}\n`)
    })

  const expectIt = logs
    .command('expect')
    .description('say that a template is expected: it is no evidence until then')
    .argument('<service>', 'its name')
    .argument('<hash>', 'the template, as davy logs list names it')
    .requiredOption('--reason <text>', 'why; it stays on record')
    .option('--until <time>', 'RFC 3339, within a year; 30 days from now when absent')
    .action((service: string, hash: string, options: SayOptions) => say(service, hash, 'expected', options))

  const unexpect = logs
    .command('unexpect')
    .description('take it back: the template is evidence again')
    .argument('<service>', 'its name')
    .argument('<hash>', 'the template, as davy logs list names it')
    .requiredOption('--reason <text>', 'why; it stays on record')
    .action((service: string, hash: string, options: SayOptions) => say(service, hash, 'unexpected', options))

  async function say(service: string, hash: string, verdict: 'expected' | 'unexpected', options: SayOptions) {
    const { url, reason, until } = options
    const { text } = await mustAsk(connectionOf(terminal, url), {
      method: 'POST',
      path: `${pathOf(service)}/${encodeURIComponent(hash)}/feedback`,
      body: { verdict, reason, ...(until === undefined ? {} : { expiresAt: until }) },
    })
    const said = mustRead(logFeedbackAnswer, text, 'what was put on record')
    const now = verdict === 'expected' ? `is expected until ${said.expiresAt}` : 'is evidence again'
    terminal.write(`${oneLine(`${said.hash} ${said.text}`)}: ${oneLine(now)}\n`)
  }

  for (const command of [list, compare, expectIt, unexpect]) withConnection(command)
}

function table(items: LogTemplatesAnswer['items']): string[] {
  const head = [
    'HASH',
    'SEVERITY',
    'LINES',
    'REQUESTS',
    'SINCE VERSION',
    'LINES BY VERSION',
    'EXPECTED UNTIL',
    'TEMPLATE',
  ]
  const rows = items.map(({ hash, severity, lines, requests, firstVersion, versions, muted, text }) => [
    ...[hash, severity ?? '', String(lines), String(requests), firstVersion || '-'],
    versions.map(({ version, lines: own }) => `${version || '-'}: ${own}`).join(', '),
    ...[muted?.expiresAt ?? '', text],
  ])
  return columns([head, ...rows.map((row) => row.map(oneLine))])
}

/** Requests that logged it among all requests of the cohort. */
function comparison(items: ComparedLogsAnswer['items']): string[] {
  const head = ['HASH', 'CHANGE', 'SEVERITY', 'BASELINE', 'CANARY', 'SINCE VERSION', 'EXPECTED UNTIL', 'TEMPLATE']
  const rows = items.map(({ hash, change, severity, baseline, canary, firstVersion, muted, text }) => [
    ...[hash, change, severity ?? '', `${baseline.requests} of ${baseline.of}`, `${canary.requests} of ${canary.of}`],
    ...[firstVersion || '-', muted?.expiresAt ?? '', text],
  ])
  return columns([head, ...rows.map((row) => row.map(oneLine))])
}
