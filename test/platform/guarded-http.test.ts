import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { HttpRequest, SendError } from '../../src/domain/sink.ts'
import { type Address, createAddressGuard } from '../../src/platform/address-guard.ts'
import { createGuardedHttp, type GuardedHttp } from '../../src/platform/guarded-http.ts'
import { type Receiver, startReceiver } from '../sinks/receiver.ts'

const opened: (Receiver | GuardedHttp)[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

async function receive(answer: (response: ServerResponse) => void): Promise<Receiver> {
  const receiver = await startReceiver(answer)
  opened.push(receiver)
  return receiver
}

type Options = {
  allowLoopback?: boolean
  allowedNetworks?: readonly string[]
  timeoutMs?: number
  resolve?: () => Promise<readonly Address[]>
}

function wayOut({
  allowLoopback = true,
  allowedNetworks = [],
  timeoutMs = 20_000,
  resolve,
}: Options = {}): GuardedHttp['http'] {
  const guard = createAddressGuard({
    allowedNetworks,
    allowLoopback,
    ...(resolve === undefined ? {} : { resolve }),
  })
  const way = createGuardedHttp({ guard, timeoutMs })
  opened.push(way)
  return way.http
}

const running = new AbortController().signal
const post = (url: string): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'text/plain' },
  body: 'x',
})

async function refusalOf(attempt: Promise<unknown>): Promise<SendError> {
  try {
    await attempt
  } catch (error) {
    return error as SendError
  }
  throw new Error('it was not refused')
}

test('a request goes out whole, and its answer comes back', async () => {
  const receiver = await receive((response) => response.writeHead(207, { 'x-more': 'yes' }).end('hällo'))
  const answer = await wayOut()(post(receiver.url), running)
  expect(answer).toMatchObject({ status: 207, headers: { 'x-more': 'yes' }, text: 'hällo' })
  expect(receiver.received).toMatchObject([
    { body: 'x', headers: { 'content-type': 'text/plain', 'user-agent': 'davy' } },
  ])
})

test.each([301, 302, 303, 307, 308])('a redirect (%i) is an answer, and nobody follows it', async (status) => {
  const target = await receive((response) => response.end())
  const receiver = await receive((response) => response.writeHead(status, { location: target.url }).end())
  expect(await wayOut()(post(receiver.url), running)).toMatchObject({ status })
  expect(target.received).toEqual([])
})

describe('an address that may not be sent to', () => {
  test.each(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'is refused however it is written: %s',
    async (host) => {
      const receiver = await receive((response) => response.end())
      const { port } = new URL(receiver.url)
      const error = await refusalOf(
        wayOut({ allowLoopback: false })(post(`http://${host}:${port}/?key=hunter2`), running),
      )
      expect(error).toMatchObject({ name: 'SendError', kind: 'blocked' })
      expect(error.message).not.toContain('hunter2')
      expect(receiver.received).toEqual([])
    },
  )

  test('is refused when a name turns to it after it was let through: each connection is to what was just checked', async () => {
    const receiver = await receive((response) => response.end())
    const { port } = new URL(receiver.url)
    const answers = ['127.0.0.2', '127.0.0.1', '127.0.0.1']
    const resolve = async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }] as const
    // 127.0.0.2 may be sent to, and nobody listens there; 127.0.0.1, where the receiver listens, may not.
    const http = wayOut({ allowLoopback: false, allowedNetworks: ['127.0.0.2'], resolve })
    const first = await refusalOf(http(post(`http://rebound.example:${port}/`), running))
    expect(first).toMatchObject({ kind: 'network', message: 'the connection failed: ECONNREFUSED' })
    expect(answers).toHaveLength(2)
    const second = await refusalOf(http(post(`http://rebound.example:${port}/`), running))
    expect(second).toMatchObject({ kind: 'blocked' })
    expect(receiver.received).toEqual([])
  })
})

test('a name is connected to at the address that was checked', async () => {
  const receiver = await receive((response) => response.end())
  const { port } = new URL(receiver.url)
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }] as const
  expect(await wayOut({ resolve })(post(`http://hooks.example:${port}/`), running)).toMatchObject({ status: 200 })
  expect(receiver.received[0]?.headers.host).toBe(`hooks.example:${port}`)
})

describe('limits', () => {
  test('an answer that does not come in time is a timeout', async () => {
    const receiver = await receive(() => {})
    const error = await refusalOf(wayOut({ timeoutMs: 50 })(post(receiver.url), running))
    expect(error).toMatchObject({ kind: 'timeout', message: 'no answer within 50 ms' })
  })

  test('a status counts although its body never ends', async () => {
    const receiver = await receive((response) => void response.writeHead(200).write('and then'))
    const answer = await wayOut({ timeoutMs: 200 })(post(receiver.url), running)
    expect(answer).toMatchObject({ status: 200, text: 'and then' })
  })

  test('of a large answer the beginning is read', async () => {
    const receiver = await receive((response) => response.end('y'.repeat(5_000_000)))
    expect((await wayOut()(post(receiver.url), running)).text).toHaveLength(65_536)
  })

  test('a body that is too large is not sent', async () => {
    const receiver = await receive((response) => response.end())
    const error = await refusalOf(wayOut()({ ...post(receiver.url), body: 'x'.repeat(1_048_577) }, running))
    expect(error.kind).toBe('invalid')
    expect(receiver.received).toEqual([])
  })
})

test('a connection that is refused or breaks off says so, without the URL', async () => {
  const broken = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  const { port } = broken.address() as { port: number }
  const url = `http://127.0.0.1:${port}/?key=hunter2`
  const http = wayOut()
  const broke = await refusalOf(http(post(url), running))
  await new Promise((resolve) => broken.close(resolve))
  const refused = await refusalOf(http(post(url), running))
  expect(refused).toMatchObject({ kind: 'network', message: 'the connection failed: ECONNREFUSED' })
  expect(broke).toMatchObject({ kind: 'network' })
  for (const { message } of [broke, refused]) expect(message).not.toContain('hunter2')
})

test('a header with a line break is never sent, and no attempt mends it', async () => {
  const receiver = await receive((response) => response.end())
  const headers = { authorization: 'Bearer hunter2\r\nx-injected: 1' }
  const error = await refusalOf(wayOut()({ ...post(receiver.url), headers }, running))
  expect(error).toMatchObject({ kind: 'invalid' })
  expect(error.message).not.toContain('hunter2')
  expect(receiver.received).toEqual([])
})

test('a stop is told apart from a failure', async () => {
  const stopping = new AbortController()
  const receiver = await receive(() => stopping.abort())
  expect(await refusalOf(wayOut()(post(receiver.url), stopping.signal))).toMatchObject({ kind: 'stopped' })
})

test.each(['file:///etc/passwd?hunter2', 'gopher://x', 'not a url hunter2'])('%s is no URL for it', async (url) => {
  const error = await refusalOf(wayOut()(post(url), running))
  expect(error.kind).toBe('invalid')
  expect(error.message).not.toContain('hunter2')
})
