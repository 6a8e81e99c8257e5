import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { type CaseName, cases, sinkOf } from '../deliveries.ts'
import { send } from '../way-out.ts'

const servers: SMTPServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
})

const options = { from: 'davy@example.com', to: 'oncall@example.com, lead@example.com' }

/** A real SMTP server that keeps what it got. */
async function open(more: SMTPServerOptions = {}) {
  const mails: { readonly to: readonly string[]; readonly raw: string }[] = []
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onData(stream, session, done) {
      let raw = ''
      stream.on('data', (chunk) => {
        raw += chunk
      })
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw })
        done()
      })
    },
    ...more,
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const tell = (name: CaseName, receipts: readonly Record<string, string>[] = []) =>
    send('email', { url: `smtp://127.0.0.1:${port}`, options }, cases[name], { receipts })
  return { mails, tell, port }
}

/** A header of a mail with its folded lines. */
function header(raw: string, name: string): string {
  const [head = ''] = raw.split('\r\n\r\n')
  const line = new RegExp(`^${name}: ((?:.*)(?:\\r\\n[ \\t].*)*)`, 'im').exec(head)?.[1] ?? ''
  return line.replace(/\r\n[ \t]/g, ' ')
}

describe('a mail', () => {
  test('says it in its subject, comes as text and HTML, and belongs to the thread of its deployment', async () => {
    const { mails, tell } = await open()
    expect(await tell('rollback')).toMatchObject({ outcome: 'delivered', status: 250 })
    expect(await tell('finished-aborted')).toMatchObject({ outcome: 'delivered' })
    expect(mails[0]?.to).toEqual(['oncall@example.com', 'lead@example.com'])
    const [first, second] = mails.map(({ raw }) => raw)
    expect(header(first!, 'subject')).toBe(
      '[Roll back] checkout 2.4.1, production: fails 3.1% of requests against 0.50% for 2.4.0, nearly all on POST /pay',
    )
    expect(header(first!, 'message-id')).toBe('<msg-rollback-HARM_SHOWN-enforce-final@davy.example.com>')
    expect(header(first!, 'references')).toBe('<01JD8Q4V7W3N5T9XKZ0000ABCD.deployment@davy.example.com>')
    expect(header(second!, 'references')).toBe(header(first!, 'references'))
    expect(first).toContain('multipart/alternative')
    expect(header(first!, 'auto-submitted')).toBe('auto-generated')
  })

  test('is not sent of healthy steps', async () => {
    const { mails, tell } = await open()
    expect(await tell('hold')).toMatchObject({ outcome: 'skipped' })
    expect(mails).toEqual([])
  })

  test('is taken whatever its names are, and none leaves its place in headers or HTML', async () => {
    const { mails, tell } = await open()
    for (const name of ['hostile', 'long', 'all-kinds', 'test'] as const)
      expect([name, (await tell(name)).outcome]).toEqual([name, 'delivered'])
    for (const { to, raw } of mails) {
      expect(to).toEqual(['oncall@example.com', 'lead@example.com'])
      expect(raw.split('\r\n').every((line) => line.length <= 998)).toBe(true)
      const [, html = ''] = raw.replaceAll('=\r\n', '').split('Content-Type: text/html; charset=utf-8')
      expect(html).toContain('</html>')
      expect(html).not.toMatch(/<script|<img|<b>|style=/)
    }
  })
})

describe('the answer of the server', () => {
  test('a refusal for now is retried, one for ever is not', async () => {
    const refusing = (code: number) =>
      open({ onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode: code })) })
    expect(await (await refusing(450)).tell('rollback')).toMatchObject({ outcome: 'retry', status: 450 })
    expect(await (await refusing(550)).tell('rollback')).toMatchObject({ outcome: 'failed', status: 550 })
  })

  test('a server that is not there fails with a word of the network', async () => {
    const { port } = await open()
    for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
    const attempt = send('email', { url: `smtp://127.0.0.1:${port}`, options }, cases.rollback)
    await expect(attempt).rejects.toMatchObject({ name: 'SendError', kind: 'network' })
  })
})

test('a password needs its user, and a user a password', () => {
  const { fault } = sinkOf('email').requires
  const endpoint = { url: 'smtp://mail.example', act: false }
  expect(fault?.({ ...endpoint, options: {} }, false)).toBeNull()
  expect(fault?.({ ...endpoint, options: { user: 'davy' } }, true)).toBeNull()
  expect(fault?.({ ...endpoint, options: {} }, true)).toContain('user')
  expect(fault?.({ ...endpoint, options: { user: 'davy' } }, false)).toContain('password')
})

test.each([
  ['davy@example.com', true],
  ['a@b.example, c@d.example', true],
  ['davy@example.com\nBcc: all@example.com', false],
  ['Davy <davy@example.com>', false],
  ['', false],
])('%j as recipients: %j', (text, isFit) => {
  expect(sinkOf('email').requires.options.to?.pattern?.test(text)).toBe(isFit)
})
