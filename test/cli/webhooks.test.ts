import { afterEach, describe, expect, test } from 'vitest'
import { runDavy } from './run-davy.ts'
import { sendJson, startServer } from './verdict-server.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function answering(body: unknown) {
  const server = await startServer((_request, response) => sendJson(response, 200, body))
  stops.push(server.stop)
  const run = (...args: string[]) => runDavy(['webhooks', ...args], { env: { DAVY_URL: server.url } })
  return { ...server, run }
}

const endpoint = {
  ...{ id: 'chat', format: 'slack', url: 'https://hooks.slack.com/…', events: ['verdict.changed'], origin: 'config' },
  ...{ disabledBecause: null, later: 'unknown' },
}

describe('webhooks list', () => {
  test('shows who gets messages, and why one gets none', async () => {
    const gone = { ...endpoint, id: '01E', origin: 'api', disabledBecause: 'it answered\u001b[31m 410' }
    const { run, asked } = await answering({ items: [endpoint, gone] })
    const { exitCode, out } = await run('list')
    expect(exitCode).toBe(0)
    expect(asked.map(({ line }) => line)).toEqual(['GET /api/v1/endpoints'])
    const lines = out.trim().split('\n')
    expect(lines[1]).toMatch(/^chat +slack +https:\/\/hooks\.slack\.com\/… +verdict\.changed +config +on$/)
    expect(lines[2]).toMatch(/^01E .* api .*410$/)
    expect(out).not.toContain('\u001b')
  })

  test('prints what the API says with --json', async () => {
    const { run } = await answering({ items: [endpoint] })
    expect(JSON.parse((await run('list', '--json')).out)).toEqual({ items: [endpoint] })
  })
})

describe('webhooks test', () => {
  test.each([
    [{ outcome: 'delivered', status: 204 }, 0, 'chat: delivered (204)\n'],
    [{ outcome: 'delivered', status: 200, note: 'dry run' }, 0, 'chat: delivered (200); dry run\n'],
    [
      { outcome: 'retry', status: 500, error: 'the endpoint answered 500' },
      1,
      /not delivered: the endpoint answered 500/,
    ],
    [{ outcome: 'failed', status: null, error: 'no secret' }, 1, /not delivered: no secret/],
    [{ outcome: 'skipped', note: 'nobody is paged by a test' }, 1, /nothing was sent: nobody is paged by a test/],
  ])('of %j ends with %i', async (answer, exitCode, out) => {
    const { run, asked } = await answering(answer)
    const ended = await run('test', 'chat')
    expect(ended.exitCode).toBe(exitCode)
    expect(ended.out).toMatch(out instanceof RegExp ? out : new RegExp(`^${out.replace(/[()]/g, '\\$&')}$`))
    expect(asked.map(({ line }) => line)).toEqual(['POST /api/v1/endpoints/chat/test'])
  })

  test('names each of several, and how many did not take it', async () => {
    const { run } = await answering({ outcome: 'gone', status: 410, error: 'wants no more' })
    const { exitCode, out, err } = await run('test', 'a', 'b')
    expect([exitCode, out.split('\n').length]).toEqual([1, 3])
    expect(err).toContain('2 of 2 did not take a test message')
  })
})
