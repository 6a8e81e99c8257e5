import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type RunOptions, runDavy } from './run-davy.ts'
import {
  type Handler,
  sendJson,
  startServer,
  startVerdictServer,
  type VerdictChange,
  verdict,
} from './verdict-server.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function playing(change: VerdictChange = {}, ...upcoming: readonly VerdictChange[]) {
  const server = await startVerdictServer(verdict(change), upcoming.map(verdict))
  stops.push(server.stop)
  return server
}

async function serving(handler: Handler) {
  const server = await startServer(handler)
  stops.push(server.stop)
  return server
}

const wait = (url: string, timeout: string, options?: RunOptions, ...more: readonly string[]) =>
  runDavy(['wait', 'd1', '--url', url, '--timeout', timeout, '--exit-code', ...more], options)

const promote: VerdictChange = { decision: 'promote', code: 'HARM_RULED_OUT', summary: 'shop 2 does no harm.' }
const rollback: VerdictChange = { decision: 'rollback', code: 'HARM_SHOWN', summary: 'shop 2 fails.', final: true }

describe('the exit code', () => {
  test('is 0 for promote and 1 for rollback, at once', async () => {
    expect((await wait((await playing(promote)).url, '10m')).exitCode).toBe(0)
    expect((await wait((await playing(rollback)).url, '10m')).exitCode).toBe(1)
  })

  test('tells the decision that comes while it waits', async () => {
    const server = await playing()
    const run = await wait(server.url, '10m', { onWrite: () => server.say(verdict(rollback)) })
    expect(run.exitCode).toBe(1)
    expect(
      run.out.replaceAll(/^\d\d:\d\d:\d\dZ/gm, 'then'),
    ).toBe(`then  HOLD      UNDERPOWERED  shop 2 needs more requests.
then  ROLLBACK  HARM_SHOWN  shop 2 fails.
http://davy.example/deployments/d1
`)
  })

  test('is 2 for a hold at the timeout, and says what is missing', async () => {
    const run = await wait((await playing()).url, '300ms')
    expect(run.exitCode).toBe(2)
    expect(run.err).toContain('no decision in time: shop 2 needs more requests.')
  })

  test.each(['WARMING_UP', 'NO_TRAFFIC', 'NO_CANARY_DATA', 'NO_BASELINE_DATA', 'SOURCE_DOWN'])(
    'is 3 when there was nothing to compare by the timeout: %s',
    async (code) => {
      const run = await wait((await playing({ code })).url, '0s')
      expect(run.exitCode).toBe(3)
      expect(run.err).toContain(`not analysed: ${code}`)
    },
  )

  test('is 2 for a code that this version does not know', async () => {
    expect((await wait((await playing({ code: 'OF_TOMORROW' })).url, '0s')).exitCode).toBe(2)
  })

  test('is 2 at once for a final hold, 3 when it expired, since nothing else will come', async () => {
    const superseded = await playing({ code: 'SUPERSEDED', final: true })
    expect((await wait(superseded.url, '10m')).exitCode).toBe(2)
    expect((await wait((await playing({ code: 'EXPIRED', final: true })).url, '10m')).exitCode).toBe(3)
  })

  test('is 3 when the newest verdict is too old at the timeout: the engine stands still', async () => {
    const server = await playing({ ...promote, validUntil: new Date(Date.now() - 60_000).toISOString() })
    const run = await wait(server.url, '200ms')
    expect(run.exitCode).toBe(3)
    expect(run.err).toContain('not analysed: the last verdict is of')
  })

  test('without --exit-code is 0 for a rollback too, and says what it means', async () => {
    const run = await runDavy(['wait', 'd1', '--url', (await playing(rollback)).url])
    expect(run.exitCode).toBe(0)
    expect(run.err).toContain('exit code 0 says only that an answer came')
    expect((await runDavy(['wait', 'other', '--url', (await playing()).url])).exitCode).toBe(3)
  })
})

describe('the gate', () => {
  test('lets nothing pass that is only observed', async () => {
    const promoted = await wait((await playing({ ...promote, mode: 'observe' })).url, '0s')
    expect(promoted.exitCode).toBe(2)
    expect(promoted.out).toMatch(/HOLD {6}HARM_RULED_OUT {2}Only observed.*\(the verdict is promote\)/)
    expect((await wait((await playing({ ...rollback, mode: 'observe' })).url, '10m')).exitCode).toBe(2)
  })

  test('waits under the kill switch, also for a final decision, and answers once it is released', async () => {
    const server = await playing(rollback)
    server.setKillSwitch('ann')
    const held = await wait(server.url, '300ms')
    expect(held.exitCode).toBe(2)
    expect(held.err).toContain('The kill switch is on, set by ann')
    const released = await wait(server.url, '10m', { onWrite: () => server.setKillSwitch(null) })
    expect(released.exitCode).toBe(1)
  })

  test('does not answer for another verdict than the one that was read', async () => {
    let reads = 0
    const server = await serving((request, response) => {
      const next = verdict(promote)
      if (request.url?.includes('format=gate')) {
        const etag = ++reads < 3 ? '"newer"' : '"same"'
        return sendJson(response, 200, { verdict: 'promote', reason: 'r', url: 'u', deploymentId: 'd1' }, { etag })
      }
      return sendJson(response, 200, { ...next, id: 'same' })
    })
    expect((await wait(server.url, '10m')).exitCode).toBe(0)
    expect(reads).toBe(3)
  })
})

describe('what goes wrong on the way', () => {
  test('an unknown deployment ends it at once', async () => {
    const server = await playing()
    const run = await runDavy(['wait', 'a/../b', '--url', server.url, '--exit-code'])
    expect(run).toMatchObject({ exitCode: 3, out: '' })
    expect(run.err).toBe('davy: not analysed: There is no deployment; at id (NOT_FOUND)\n')
    expect(server.asked.map(({ line }) => line)).toEqual(['GET /api/v1/deployments/a%2F..%2Fb/verdict'])
  })

  test('a server that is never reached is no verdict', async () => {
    const server = await startServer(() => {})
    await server.stop()
    const run = await wait(server.url, '300ms')
    expect(run.exitCode).toBe(3)
    expect(run.err.match(/does not answer: ECONNREFUSED; trying again/g)).toHaveLength(1)
    expect(run.err).toContain(`not analysed: ${server.url} does not answer: ECONNREFUSED`)
  })

  test('errors that pass are tried again, and a decision counts after them', async () => {
    const bad: ((response: ServerResponse) => void)[] = [
      (response) => sendJson(response, 503, { code: 'STORAGE_DOWN', detail: 'The storage does not answer.' }),
      (response) => void response.destroy(),
      (response) => sendJson(response, 500, { code: 'INTERNAL', detail: 'Davy failed.' }),
      (response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
      (response) => void response.writeHead(200, { 'content-length': '1000' }).end('{"id"'),
      (response) => sendJson(response, 429, { code: 'OVERLOADED', detail: 'Later.' }, { 'retry-after': '1' }),
    ]
    const good = await playing(promote)
    const server = await serving(async (request, response) => {
      const fail = bad.shift()
      if (fail !== undefined) return fail(response)
      const answer = await fetch(`${good.url}${request.url}`)
      response.writeHead(answer.status, { etag: answer.headers.get('etag')! }).end(await answer.text())
    })
    const run = await wait(server.url, '10m')
    expect(run.exitCode).toBe(0)
    expect(run.err.split('\n').filter((line) => line.endsWith('; trying again'))).toHaveLength(6)
    expect(run.err).toContain('The storage does not answer. (STORAGE_DOWN)')
    expect(run.err).toContain("answered 502 (text/html), which is not a word of Davy's")
    expect(run.err).toContain('davy: answers again')
  })

  test('a redirect is not followed: it would take the token to another place', async () => {
    const server = await serving((_request, response) => {
      response.writeHead(307, { location: 'http://davy.example/' }).end()
    })
    const run = await wait(server.url, '10m')
    expect(run.exitCode).toBe(3)
    expect(run.err).toContain('answered 307 to http://davy.example/ (no content type)')
  })

  test('a server that is lost after a hold leaves a hold while that is in force', async () => {
    const server = await playing()
    const run = await wait(server.url, '400ms', { onWrite: () => void server.stop() })
    expect(run.exitCode).toBe(2)
    expect(run.err).toContain('trying again')
  })

  test.each([
    ['no deployment', ['wait']],
    ['a timeout without a unit', ['wait', 'd1', '--timeout', '30']],
    ['an unknown option', ['wait', 'd1', '--exit']],
    ['a URL with a password', ['wait', 'd1', '--url', 'http://a:hunter2@davy']],
    ['no URL', ['wait', 'd1', '--url', 'davy:8080']],
  ])('%s is neither a rollback nor a hold', async (_what, args) => {
    const run = await runDavy(args)
    expect(run.exitCode).toBe(3)
    expect(run.err).toMatch(/^davy: /)
    expect(run.err).not.toContain('hunter2')
  })

  test('only a gate that says promote ends with 0, and only one that says rollback with 1', async () => {
    let next: { status: number; body: string } = { status: 200, body: '' }
    const server = await serving((_request, response) => {
      response.writeHead(next.status, { 'content-type': 'application/json' }).end(next.body)
    })
    const word = fc.constantFrom('promote', 'rollback', 'hold', 'wait', 'PROMOTE', '', 'x')
    const half = fc.record(
      { verdict: word, reason: fc.string(), url: fc.string(), deploymentId: fc.string() },
      { requiredKeys: [] },
    )
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      half.map((gate) => JSON.stringify({ ...verdict(promote), ...gate })),
      word.map((decision) => JSON.stringify({ ...verdict(), decision })),
    )
    const status = fc.constantFrom(200, 201, 204, 302, 304, 400, 401, 403, 404, 421, 500, 503)
    await fc.assert(
      fc.asyncProperty(status, body, async (code, text) => {
        next = { status: code, body: code === 204 || code === 304 ? '' : text }
        const { exitCode } = await wait(server.url, '0s')
        const said = (() => {
          try {
            return JSON.parse(next.body) as { verdict?: unknown; decision?: unknown }
          } catch {
            return {}
          }
        })()
        const isGood = code === 200 || code === 201
        if (exitCode === 0) expect([isGood, said?.verdict]).toEqual([true, 'promote'])
        else if (exitCode === 1) expect([isGood, said?.verdict]).toEqual([true, 'rollback'])
        else expect([2, 3]).toContain(exitCode)
      }),
      { numRuns: 150 },
    )
  })
})

describe('what it says', () => {
  test('one line for what is new, none for a later look that says the same', async () => {
    const likely: VerdictChange = { code: 'HARM_LIKELY', summary: 'shop 2 may fail.' }
    const server = await playing({}, { summary: 'shop 2 needs fewer requests.' }, likely, promote)
    const run = await wait(server.url, '10m')
    expect(run.out).not.toContain('needs fewer requests')
    expect(run.out.match(/UNDERPOWERED|HARM_LIKELY|HARM_RULED_OUT/g)).toEqual([
      'UNDERPOWERED',
      'HARM_LIKELY',
      'HARM_RULED_OUT',
    ])
    expect(run.err).toBe('')
  })

  test('when a decision is expected, by the clock of the server', async () => {
    const inFiveMinutes = new Date(Date.now() + 302_000).toISOString()
    const run = await wait((await playing({ expectedDecisionAt: inFiveMinutes })).url, '0s')
    expect(run.out).toMatch(/Decision expected in (5 min( \d s)?), at \d\d:\d\dZ\./)
  })

  test('nothing of the telemetry steers the terminal', async () => {
    const run = await wait((await playing({ summary: 'a\u001b[2Jb\nHOLD\u202ec' })).url, '0s')
    expect(run.out).toContain('a [2Jb HOLD c')
    expect(run.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  test('--json is one document, and the lines go beside it', async () => {
    const run = await wait((await playing(promote)).url, '10m', {}, '--json')
    expect(JSON.parse(run.out)).toMatchObject({
      ...{ outcome: 'promote', exitCode: 0, why: 'shop 2 does no harm.' },
      gate: { verdict: 'promote', deploymentId: 'd1' },
      verdict: { decision: 'promote', reason: { code: 'HARM_RULED_OUT' }, metrics: [] },
    })
    expect(run.err).toContain('PROMOTE   HARM_RULED_OUT')
    const failed = await wait((await playing()).url, '0s', { env: { DAVY_TOKEN: '' } }, '--json')
    expect(failed).toMatchObject({ exitCode: 3, out: '' })
  })
})

test('it asks once, then with a long poll that names what it knows, always with the token', async () => {
  const server = await playing({}, promote)
  const files = { '/run/token': 'davy_secret\n' }
  const run = await wait(server.url, '10m', { env: { DAVY_TOKEN_FILE: '/run/token' }, files })
  const path = '/api/v1/deployments/d1/verdict'
  expect(server.asked.map(({ line }) => line)).toEqual([
    ...[`GET ${path}`, `GET ${path}?format=gate`],
    ...[`GET ${path}?wait=30000ms`, `GET ${path}?format=gate`],
  ])
  expect(server.asked[2]!.headers['if-none-match']).toMatch(/^"v\d+"$/)
  for (const { headers } of server.asked) expect(headers.authorization).toBe('Bearer davy_secret')
  expect(run.out + run.err).not.toContain('davy_secret')
})
