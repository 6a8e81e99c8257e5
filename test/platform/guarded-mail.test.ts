import { createServer } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import type { Mail, SendError } from '../../src/domain/sink.ts'
import { createAddressGuard } from '../../src/platform/address-guard.ts'
import { createGuardedMail } from '../../src/platform/guarded-mail.ts'

const servers: SMTPServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
})

/** A mail server on loopback, and what it was given. */
async function serve(options: SMTPServerOptions = {}) {
  const mails: { readonly text: string; readonly to: readonly string[] }[] = []
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'] },
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => {
        text += chunk
      })
      stream.on('end', () => {
        mails.push({ text, to: session.envelope.rcptTo.map(({ address }) => address) })
        done()
      })
    },
    ...options,
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as { port: number }
  return { port, mails }
}

const mailTo = (port: number, changes: Partial<Mail> = {}): Mail => ({
  ...{ server: `smtp://127.0.0.1:${port}`, user: null, password: null, from: 'davy@davy.example' },
  ...{ to: ['a@team.example', 'b@team.example'], subject: 'größer', text: 'plain', html: '<p>rich</p>' },
  headers: { 'x-davy': 'yes' },
  ...changes,
})

const running = new AbortController().signal

function wayOut(allowLoopback = true, timeoutMs = 10_000) {
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }] as const
  return createGuardedMail({ guard: createAddressGuard({ allowedNetworks: [], allowLoopback, resolve }), timeoutMs })
}

async function refusalOf(attempt: Promise<unknown>): Promise<SendError> {
  try {
    await attempt
  } catch (error) {
    return error as SendError
  }
  throw new Error('it was not refused')
}

test('a mail arrives whole, and the reply of the server comes back', async () => {
  const { port, mails } = await serve()
  expect(await wayOut()(mailTo(port), running)).toMatchObject({ status: 250 })
  expect(mails).toMatchObject([{ to: ['a@team.example', 'b@team.example'] }])
  for (const part of ['X-Davy: yes', 'plain', '<p>rich</p>']) expect(mails[0]!.text).toContain(part)
})

test('a server is reached by its name at the address that was checked', async () => {
  const { port, mails } = await serve()
  await wayOut()(mailTo(port, { server: `smtp://mail.example:${port}` }), running)
  expect(mails).toHaveLength(1)
})

test('a refusal of the server is a reply', async () => {
  const { port } = await serve({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such user'), { responseCode: 550 })),
  })
  expect(await wayOut()(mailTo(port), running)).toMatchObject({ status: 550 })
})

describe('no mail leaves', () => {
  test('to an address that may not be sent to', async () => {
    const { port, mails } = await serve()
    for (const server of [`smtp://127.0.0.1:${port}`, `smtp://mail.example:${port}`]) {
      const error = await refusalOf(wayOut(false)(mailTo(port, { server }), running))
      expect(error).toMatchObject({ name: 'SendError', kind: 'blocked' })
    }
    expect(mails).toEqual([])
  })

  test('with a password over a connection that is not encrypted', async () => {
    const passwords: unknown[] = []
    const { port, mails } = await serve({
      onAuth({ password }, _session, done) {
        passwords.push(password)
        done(null, { user: 1 })
      },
    })
    const reply = await wayOut()(mailTo(port, { user: 'davy', password: 'hunter2' }), running)
    expect(reply.status).toBeGreaterThanOrEqual(500)
    expect([passwords, mails]).toEqual([[], []])
  })

  test.each(['http://mail.example', 'mail.example', 'smtp://'])('to what is no mail server: %s', async (server) => {
    expect((await refusalOf(wayOut()(mailTo(1, { server }), running))).kind).toBe('invalid')
  })
})

test('a server that says nothing is a timeout, and a stop is told apart from it', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  expect(await refusalOf(wayOut(true, 100)(mailTo(port), running))).toMatchObject({ kind: 'timeout' })
  const stopping = new AbortController()
  const attempt = refusalOf(wayOut()(mailTo(port), stopping.signal))
  stopping.abort()
  expect(await attempt).toMatchObject({ kind: 'stopped' })
  await new Promise((resolve) => silent.close(resolve))
})
