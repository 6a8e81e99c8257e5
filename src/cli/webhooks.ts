import type { Command } from 'commander'
import { type Static, Type } from 'typebox'
import { mustRead } from './answers.ts'
import { mustAsk } from './ask.ts'
import { columns } from './columns.ts'
import { CommandEnd } from './command-end.ts'
import { connectionOf, withConnection } from './connection.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine, type Terminal } from './terminal.ts'

type Options = { url?: string; json?: true }

const path = '/api/v1/endpoints'

const endpointsAnswer = Type.Object({
  items: Type.Array(
    Type.Object({
      ...{ id: Type.String(), format: Type.String(), url: Type.String(), events: Type.Array(Type.String()) },
      ...{ disabledBecause: Type.Union([Type.String(), Type.Null()]), origin: Type.String() },
    }),
  ),
})

const testAnswer = Type.Object({
  outcome: Type.Enum(['delivered', 'skipped', 'retry', 'failed', 'gone']),
  status: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  error: Type.Optional(Type.String()),
  note: Type.Optional(Type.String()),
})

/** `davy webhooks list` and `test`: who gets messages, and whether a test message reaches them. */
export function addWebhooks(program: Command, terminal: Terminal): void {
  const webhooks = program.command('webhooks').description('look at the endpoints that get messages, and try them')

  const list = webhooks
    .command('list')
    .description('list the endpoints, oldest first')
    .option('--json', 'print {items} as the API has it')
    .action(async ({ url, json }: Options) => {
      const { text } = await mustAsk(connectionOf(terminal, url), { path })
      const { items } = mustRead(endpointsAnswer, text, 'a list of endpoints')
      const rows = items.map((item) => [
        ...[item.id, item.format, item.url, item.events.join(','), item.origin, item.disabledBecause ?? 'on'],
      ])
      const head = ['ID', 'FORMAT', 'URL', 'EVENTS', 'FROM', 'STATE']
      const table = columns([head, ...rows.map((row) => row.map(oneLine))])
      terminal.write(json ? prettyJson(text) : `${table.join('\n')}\n`)
    })

  const test = webhooks
    .command('test')
    .description('send a test message to endpoints; exits with 1 when one does not take it')
    .argument('<id...>', 'their ids')
    .action(async (ids: string[], { url }: Options) => {
      const connection = connectionOf(terminal, url)
      let refused = 0
      for (const id of ids) {
        const { text } = await mustAsk(connection, { method: 'POST', path: `${path}/${encodeURIComponent(id)}/test` })
        const answer = mustRead(testAnswer, text, 'the outcome of a test message')
        if (answer.outcome !== 'delivered') refused += 1
        terminal.write(`${oneLine(id)}: ${oneLine(wordsFor(answer))}\n`)
      }
      if (refused > 0) throw new CommandEnd(1, `${refused} of ${ids.length} did not take a test message`)
    })

  for (const command of [list, test]) withConnection(command)
}

function wordsFor({ outcome, status, error, note }: Static<typeof testAnswer>): string {
  if (outcome === 'delivered') return `delivered (${status})${note === undefined ? '' : `; ${note}`}`
  if (outcome === 'skipped') return `nothing was sent: ${note ?? 'the format has nothing to say about a test'}`
  return `not delivered: ${error ?? outcome}`
}
