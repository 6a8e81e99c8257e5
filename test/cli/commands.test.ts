import { afterEach, describe, expect, test } from 'vitest'
import { renderConfigReference } from '../../src/platform/config-reference.ts'
import { findToken, parseTokens } from '../../src/platform/tokens.ts'
import { runDavy } from './run-davy.ts'
import { sendJson, startServer, verdict } from './verdict-server.ts'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A server that gives one answer to everything. */
async function answering(status: number, body: unknown) {
  const server = await startServer((_request, response) => sendJson(response, status, body))
  stops.push(server.stop)
  const run = (...args: string[]) => runDavy(args, { env: { DAVY_URL: `${server.url}/` } })
  return { ...server, run }
}

const deployment = {
  ...{ id: 'd1', namespace: '', service: 'shop', environment: 'default', canary: { version: '2' } },
  ...{ baseline: { version: '1' }, mode: 'enforce', status: 'open', outcome: null, later: 'unknown' },
  ...{ startedAt: '2026-11-21T10:00:00Z', reportUrl: 'http://davy.example/deployments/d1' },
}

describe('register', () => {
  test('prints the id alone, and beside it what was opened', async () => {
    const { run, asked } = await answering(201, deployment)
    expect(await run('register', '--service', 'shop', '--canary', '2')).toEqual({
      exitCode: 0,
      out: 'd1\n',
      err: 'davy: opened shop 2 in default, against 1; http://davy.example/deployments/d1\n',
    })
    expect(asked).toMatchObject([
      { line: 'POST /api/v1/deployments', body: { service: 'shop', canary: { version: '2' } } },
    ])
    expect(asked[0]!.headers['content-type']).toBe('application/json')
  })

  test('sends every option, and prints the deployment with --json', async () => {
    const { run, asked } = await answering(200, { ...deployment, baseline: null })
    const named = ['--service', 'shop', '--canary', '2', '--baseline', '1', '--environment', 'eu', '--namespace', 'n']
    const more = ['--template', 't', '--weight', '12.5', '--strategy', 'blue-green', '--json']
    const { exitCode, out, err } = await run('register', ...named, ...more)
    expect([exitCode, JSON.parse(out).later]).toEqual([0, 'unknown'])
    expect(err).toContain('already open: shop 2 in default, no baseline was found')
    expect(asked[0]!.body).toEqual({
      ...{ service: 'shop', canary: { version: '2' }, baseline: { version: '1' }, environment: 'eu', namespace: 'n' },
      ...{ template: 't', plannedWeight: 12.5, strategy: 'blue-green' },
    })
  })

  test.each(['-1', '101', '1e1', ''])('refuses a weight of %j and asks nobody', async (weight) => {
    const { run, asked } = await answering(201, deployment)
    expect((await run('register', '--service', 's', '--canary', '2', `--weight=${weight}`)).exitCode).toBe(2)
    expect(asked).toEqual([])
  })
})

describe('plan', () => {
  const summary = '5% of 12 requests/s: a healthy canary is promoted in about 41 min.'

  test('asks with every option, errors as a share, and prints a line a weight', async () => {
    const { run, asked } = await answering(200, { weights: [{ weight: 5, summary }] })
    const named = ['--service', 'shop', '--environment', 'eu', '--template', 't', '--pods', '8']
    const numbers = ['--rate', '12', '--errors', '0.7', '--weights', '5,20', '--ratios', '2']
    expect(await run('plan', ...named, ...numbers)).toEqual({ exitCode: 0, out: `${summary}\n`, err: '' })
    const [path, query] = asked[0]!.line.split('?')
    expect(path).toBe('GET /api/v1/plan')
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      ...{ service: 'shop', environment: 'eu', template: 't', pods: '8' },
      ...{ requestsPerSecond: '12', errorRate: '0.007', weights: '5,20', ratios: '2' },
    })
  })

  test.each(['many', '5,', '-1', ''])('refuses weights of %j and asks nobody', async (weights) => {
    const { run, asked } = await answering(200, { weights: [] })
    expect((await run('plan', `--weights=${weights}`)).exitCode).toBe(2)
    expect(asked).toEqual([])
  })
})

describe('verdict', () => {
  const effect = { ratio: 6.2, low: 4.9, high: 7.8 }
  const full = {
    ...verdict({ decision: 'rollback', code: 'HARM_SHOWN', summary: 'shop 2 fails.', final: true, mode: 'observe' }),
    ...{ decidedAt: '2026-11-21T10:00:10Z', look: 17 },
    metrics: [{ name: 'error-rate', finding: 'harm-shown', effect }],
  }

  test('prints decision, reason and metrics, and ends with 0 whatever it is', async () => {
    const { run } = await answering(200, full)
    expect(await run('verdict', 'd1')).toEqual({
      exitCode: 0,
      out: `ROLLBACK  HARM_SHOWN (only observed: gates wait)
shop 2 fails.
  error-rate  harm-shown  6.2× (4.9 to 7.8)
look 17, 2026-11-21T10:00:10Z, final
http://davy.example/deployments/d1
`,
      err: '',
    })
  })

  test('prints it as the API has it, or asks for Markdown', async () => {
    const { run, asked } = await answering(200, full)
    expect(JSON.parse((await run('verdict', 'd1', '--json')).out)).toEqual(full)
    expect(JSON.parse((await run('verdict', 'd1', '--markdown')).out)).toEqual(full)
    expect(asked.at(-1)!.line).toBe('GET /api/v1/deployments/d1/verdict?format=markdown')
    expect((await run('verdict', 'd1', '--markdown', '--json')).exitCode).toBe(2)
  })

  test('does not take anything else with a good status for a verdict', async () => {
    const { run } = await answering(200, { decision: 'promote' })
    for (const more of [[], ['--json']]) {
      const { exitCode, out, err } = await run('verdict', 'd1', ...more)
      expect([exitCode, out]).toEqual([1, ''])
      expect(err).toContain('expected a verdict, got something else')
    }
  })
})

test('finish, progress and override tell what happened', async () => {
  const { run, asked } = await answering(200, deployment)
  expect((await run('finish', 'd1', 'rolled-back')).out).toBe('d1: finished as rolled-back\n')
  expect((await run('progress', 'd1', '--weight', '0', '--step', '3')).out).toBe('d1: at 0%\n')
  expect((await run('progress', 'd1', '--step', '4')).out).toBe('d1: at step 4\n')
  expect((await run('progress', 'd1')).out).toBe('d1: took a step\n')
  expect((await run('override', 'd1', 'hold', '--reason', 'ask ann')).out).toBe('d1: overridden with hold\n')
  expect(asked.map(({ line, body }) => [line, body])).toEqual([
    ['POST /api/v1/deployments/d1/finish', { outcome: 'rolled-back' }],
    ['POST /api/v1/deployments/d1/progress', { weight: 0, step: '3' }],
    ['POST /api/v1/deployments/d1/progress', { step: '4' }],
    ['POST /api/v1/deployments/d1/progress', {}],
    ['POST /api/v1/deployments/d1/override', { decision: 'hold', reason: 'ask ann' }],
  ])
  for (const args of [
    ['finish', 'd1', 'done'],
    ['progress', 'd1', '--weight', 'half'],
    ['override', 'd1', 'promote'],
  ]) {
    expect((await run(...args)).exitCode).toBe(2)
  }
  expect(asked).toHaveLength(5)
})

describe('deployments', () => {
  test('are a table, and what is left out is said', async () => {
    const closed = { ...deployment, id: 'd\u001b2', baseline: null, status: 'closed', outcome: 'superseded' }
    const { run, asked } = await answering(200, { items: [deployment, closed], nextCursor: 'd2' })
    const { out, err } = await run('deployments', '--open', '--service', 'a&b', '--limit', '2')
    expect(out).toBe(`ID   SERVICE  ENVIRONMENT  BASELINE  CANARY  MODE     STATUS      STARTED
d1   shop     default      1         2       enforce  open        2026-11-21T10:00:00Z
d 2  shop     default      -         2       enforce  superseded  2026-11-21T10:00:00Z
`)
    expect(err).toContain('more than 2')
    expect(asked[0]!.line).toBe('GET /api/v1/deployments?service=a%26b&limit=2&status=open')
  })

  test('are what the API has with --json', async () => {
    const { run } = await answering(200, { items: [deployment], nextCursor: null })
    expect(JSON.parse((await run('deployments', '--json')).out)).toEqual({ items: [deployment], nextCursor: null })
  })
})

describe('a problem', () => {
  const fault = { where: '/canary', expected: 'an object', got: '7' }

  test.each([
    [
      { code: 'NOT_FOUND', detail: 'There is none.', expected: 'an id', got: 'x\ny', where: 'id' },
      'There is none; expected an id; got x y; at id (NOT_FOUND)',
    ],
    [
      {
        ...{ code: 'VALIDATION', detail: 'Does not fit: /canary should be an object, got 7.', ...fault },
        errors: [fault, { where: '/weight', expected: 'a number', got: 'true' }],
      },
      'Does not fit: /canary should be an object, got 7; /weight: expected a number, got true (VALIDATION)',
    ],
    [{ code: 'CONFLICT', detail: 'It is closed.' }, 'It is closed. (CONFLICT)'],
  ])('is one line and ends with 1: %#', async (problem, line) => {
    const { run } = await answering(409, problem)
    expect(await run('finish', 'd1', 'aborted')).toEqual({ exitCode: 1, out: '', err: `davy: ${line}\n` })
  })

  test('of somebody else names what was asked', async () => {
    const { run, url } = await answering(404, { message: 'no route' })
    const { exitCode, err } = await run('verdict', 'd1')
    expect(exitCode).toBe(1)
    expect(err).toContain(`GET ${url}/api/v1/deployments/d1/verdict answered 404 (application/problem+json)`)
  })

  test('of the token names the variable and never shows it', async () => {
    const { asked, url } = await answering(200, deployment)
    const cases = [
      [{ DAVY_TOKEN: ' ' }, 'DAVY_TOKEN: expected a token, got nothing'],
      [{ DAVY_TOKEN: 'hunter2 x' }, 'DAVY_TOKEN: expected one token and nothing else'],
      [{ DAVY_TOKEN: 'hunter2', DAVY_TOKEN_FILE: '/t' }, 'expected one of them, got both'],
      [{ DAVY_TOKEN_FILE: '/not/there' }, 'DAVY_TOKEN_FILE: expected a readable file, got ENOENT'],
    ] as const
    for (const [env, message] of cases) {
      const { exitCode, err } = await runDavy(['verdict', 'd1', '--url', url], { env })
      expect([exitCode, err]).toEqual([1, expect.stringContaining(message)])
      expect(err).not.toContain('hunter2')
    }
    expect(asked).toEqual([])
  })
})

describe('without a server', () => {
  test('a new token is found by the line that is printed with it', async () => {
    const { out } = await runDavy(['token', 'new', 'CI: "main"', 'gate'])
    const [token, line] = out.split('\n').filter((each) => !each.startsWith('#'))
    expect(findToken(parseTokens(line!, 'tokens.yaml'), token!)).toMatchObject({ name: 'CI: "main"', role: 'gate' })
    const json = JSON.parse((await runDavy(['token', 'new', 'ci', 'admin', '--json'])).out)
    expect(json).toEqual({ token, name: 'ci', role: 'admin', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
    expect((await runDavy(['token', 'new', 'ci', 'root'])).exitCode).toBe(2)
  })

  test('the reference of the configuration is printed', async () => {
    expect((await runDavy(['config', 'reference'])).out).toBe(renderConfigReference())
  })

  test('help and version end with 0, everything that is unknown with 2', async () => {
    expect(await runDavy(['--version'])).toMatchObject({ exitCode: 0, out: '1.2.3\n' })
    expect((await runDavy(['wait', '--help'])).out).toContain('3    not analysed')
    expect((await runDavy(['wait', '--help'])).exitCode).toBe(0)
    for (const args of [[], ['wiat', 'd1'], ['token'], ['verdict', 'd1', 'd2']]) {
      expect((await runDavy(args)).exitCode).toBe(2)
    }
  })
})
