import { expect, test } from 'vitest'
import { runDavy } from './run-davy.ts'
import { sendJson, startServer } from './verdict-server.ts'

const template = { hash: '0123456789abcd', text: 'card <*> \u001b[31mrefused', severity: 'error' }
const listed = {
  items: [
    {
      ...{ ...template, lines: 12, requests: 9, firstVersion: '1.1', muted: null },
      versions: [
        { version: '1.1', lines: 10 },
        { version: '', lines: 2 },
      ],
    },
  ],
  more: 3,
}
const compared = {
  items: [
    {
      ...{ ...template, change: 'new', firstSeen: '2031-01-01T00:00:00.000Z', firstVersion: '1.1' },
      baseline: { lines: 0, requests: 0, of: 900 },
      canary: { lines: 12, requests: 9, of: 300 },
      muted: { expiresAt: '2031-02-01T00:00:00.000Z' },
    },
  ],
}
const said = { ...template, expiresAt: '2031-02-01T00:00:00.000Z' }

/** What was asked, and what the command says to the answer. */
async function run(answer: object, status: number, ...args: string[]) {
  const asked: { method: string; url: string; body: string }[] = []
  const server = await startServer((request, response, body) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', body })
    sendJson(response, status, answer)
  })
  const end = await runDavy(['logs', ...args], { env: { DAVY_URL: server.url } })
  await server.stop()
  return { ...end, asked }
}

test('list shows templates with their lines by version, and that there are more', async () => {
  const { exitCode, out, err, asked } = await run(listed, 200, 'list', 'a/b', '--release', '1.1', '--severity', 'error')
  expect(exitCode).toBe(0)
  expect(asked[0]!.url).toBe('/api/v1/services/a%2Fb/log-templates?version=1.1&severity=error&hours=24&limit=50')
  expect(out).toContain('1.1: 10, -: 2')
  expect(out).not.toContain('\u001b')
  expect(err).toBe('davy: there are 3 more; --limit shows more\n')
})

test('compare shows the requests of both cohorts', async () => {
  const { exitCode, out, asked } = await run(compared, 200, 'compare', '01J')
  expect(exitCode).toBe(0)
  expect(asked[0]!.url).toBe('/api/v1/deployments/01J/log-templates')
  expect(out).toMatch(/0123456789abcd {2}new +error +0 of 900 +9 of 300 +1\.1 +2031-02-01T00:00:00\.000Z +card/)
})

test('expect puts on record why and until when, unexpect takes it back', async () => {
  const expected = await run(
    said,
    201,
    'expect',
    'shop',
    template.hash,
    '--reason',
    'PAY-12',
    '--until',
    said.expiresAt,
  )
  expect(expected.asked[0]).toEqual({
    method: 'POST',
    url: `/api/v1/services/shop/log-templates/${template.hash}/feedback`,
    body: JSON.stringify({ verdict: 'expected', reason: 'PAY-12', expiresAt: said.expiresAt }),
  })
  expect(expected.out).toContain('is expected until 2031-02-01T00:00:00.000Z')
  const back = await run(said, 201, 'unexpect', 'shop', template.hash, '--reason', 'fixed')
  expect(JSON.parse(back.asked[0]!.body)).toEqual({ verdict: 'unexpected', reason: 'fixed' })
  expect(back.out).toContain('is evidence again')
})

test('without a reason nothing is said, and what is no answer is a failure', async () => {
  const { exitCode, err, asked } = await run(said, 201, 'expect', 'shop', template.hash)
  expect({ exitCode, asked }).toEqual({ exitCode: 2, asked: [] })
  expect(err).toContain('--reason')
  expect((await run({ items: [{}] }, 200, 'compare', '01J')).exitCode).toBe(1)
})
