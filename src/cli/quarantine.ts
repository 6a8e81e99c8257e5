import type { Command } from 'commander'
import {
  mustRead,
  type QuarantinedAnswer,
  type QuarantinePageAnswer,
  quarantinedAnswer,
  quarantinePageAnswer,
  retryAnswer,
} from './answers.ts'
import { mustAsk } from './ask.ts'
import { columns } from './columns.ts'
import { CommandEnd } from './command-end.ts'
import { connectionOf, withConnection } from './connection.ts'
import { addList } from './list-command.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Options = { url?: string; json?: true; limit: string }

const path = '/api/v1/quarantine'
const pathOf = (id: string) => `${path}/${encodeURIComponent(id)}`

/** `davy quarantine list`, `show` and `retry`: what the storage would not take. */
export function addQuarantine(program: Command, terminal: Terminal): void {
  const quarantine = program
    .command('quarantine')
    .description('look at what the storage would not take, and put it back')

  const list = addList(quarantine, 'list what is in quarantine, newest first').action(
    async ({ url, json, limit }: Options) => {
      const { text } = await mustAsk(connectionOf(terminal, url), { path, query: { limit } })
      const { items, nextCursor } = mustRead(quarantinePageAnswer, text, 'a list of quarantined bodies')
      if (json) terminal.write(prettyJson(text))
      else terminal.write(`${table(items).join('\n')}\n`)
      if (nextCursor !== null) terminal.writeError(`davy: there are more than ${limit}; --limit shows more\n`)
    },
  )

  const show = quarantine
    .command('show')
    .description('show one: why it is there, and the beginning of what it holds')
    .argument('<id>', 'its id')
    .option('--json', 'print it as the API has it')
    .action(async (id: string, { url, json }: Options) => {
      const { text } = await mustAsk(connectionOf(terminal, url), { path: pathOf(id) })
      const body = mustRead(quarantinedAnswer, text, 'a quarantined body')
      terminal.write(json ? prettyJson(text) : `${description(body).join('\n')}\n`)
    })

  const retry = quarantine
    .command('retry')
    .description('put them back in line to be stored, each exactly once; exits with 1 when one comes back')
    .argument('<id...>', 'their ids')
    .action(async (ids: string[], { url }: Options) => {
      const connection = connectionOf(terminal, url)
      let back = 0
      for (const id of ids) {
        const { text } = await mustAsk(connection, { method: 'POST', path: `${pathOf(id)}/retry` })
        const { outcome, error, why } = mustRead(retryAnswer, text, 'the outcome of a retry')
        if (outcome === 'quarantined') back += 1
        const words = {
          stored: 'stored',
          waiting: 'waits for the storage',
          quarantined: `is in quarantine again: ${why ?? ''} ${error?.message ?? ''}`,
        }
        terminal.write(`${oneLine(id)}: ${oneLine(words[outcome])}\n`)
      }
      if (back > 0) throw new CommandEnd(1, `${back} of ${ids.length} came back`)
    })

  for (const command of [list, show, retry]) withConnection(command)
}

function table(items: QuarantinePageAnswer['items']): string[] {
  const head = ['ID', 'SIGNAL', 'BYTES', 'SINCE', 'RETRIES', 'STATE', 'CODE', 'ERROR']
  const rows = items.map(({ id, signal, bytes, quarantinedAt, retries, state, error }) => [
    ...[id, signal, String(bytes), quarantinedAt, String(retries), state],
    ...[error === null ? '' : String(error.code), error === null ? '' : error.message.slice(0, 80)],
  ])
  return columns([head, ...rows.map((row) => row.map(oneLine))])
}

function description(body: QuarantinedAnswer): string[] {
  const { id, signal, kinds, bytes, quarantinedAt, retries, state, error, why, previews } = body
  const lines = [
    `${id}: ${bytes} bytes of ${signal} (${kinds.join(', ')}), ${state} since ${quarantinedAt}, retried ${retries} times`,
    why,
    error === null ? 'The error is not recorded.' : `${error.message} (code ${error.code})`,
  ]
  for (const { fields, fault, isCut } of previews) {
    // The indentation is ours, the rest of each line is not.
    const text = JSON.stringify(fields, null, 2).split('\n')
    lines.push(...text.map((line) => `${/^ */.exec(line)![0]}${oneLine(line)}`).map((line) => `  ${line}`))
    if (fault !== null) lines.push(`The bytes stop being a message: ${fault}`)
    if (isCut) lines.push('There is more than is shown.')
  }
  return lines.map((line) => (line.startsWith('  ') ? line : oneLine(line)))
}
