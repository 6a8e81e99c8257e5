import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, jsonTraces, protobufTraces, type RequestSpan, startDavy, until, untilStored } from '../davy.ts'
import { sdkBodies } from '../receivers/otlp/sdk-bodies.ts'

const maxBodyBytes = 256 * 1024
const maxDecompressedBytes = 8 * 2 ** 20
const protobuf = 'application/x-protobuf'
const json = 'application/json'

let davy: Davy
beforeAll(async () => {
  davy = await startDavy({
    DAVY_INGEST_MAX_BODY_BYTES: String(maxBodyBytes),
    DAVY_INGEST_MAX_DECOMPRESSED_BYTES: String(maxDecompressedBytes),
  })
})
afterAll(() => davy?.stop())

async function send(
  body: Uint8Array | string,
  headers: Record<string, string> = { 'content-type': protobuf },
  signal = 'traces',
  base = davy.otlpUrl,
) {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body)
  const response = await fetch(`${base}/v1/${signal}`, { method: 'POST', headers, body: bytes })
  const answer = Buffer.from(await response.arrayBuffer())
  return { status: response.status, type: response.headers.get('content-type'), answer, text: answer.toString() }
}

function requests(service: string, count: number, span: Partial<RequestSpan> = {}): RequestSpan[] {
  return Array.from({ length: count }, () => ({ service, version: '1', endAt: Date.now() - 5000, ...span }))
}

async function versionsOf(service: string) {
  const response = await fetch(`${davy.url}/api/v1/services/${service}`)
  return response.status === 200 ? ((await response.json()) as { versions: Record<string, unknown>[] }).versions : null
}

async function counter(line: RegExp): Promise<number> {
  const text = await (await fetch(`${davy.url}/metrics`)).text()
  return Number(line.exec(text)?.[1] ?? 0)
}

describe('what is taken', () => {
  const encodings = {
    identity: (body: Buffer) => body,
    gzip: gzipSync,
    deflate: deflateSync,
    zlib: deflateSync,
    zstd: zstdCompressSync,
  }
  const cases = (['url', 'otlpUrl'] as const).flatMap((port) =>
    [protobuf, json].flatMap((type) =>
      (Object.keys(encodings) as (keyof typeof encodings)[]).map((encoding) => ({ port, type, encoding })),
    ),
  )

  test.concurrent.each(cases)('$type, $encoding, on $port: stored, and answered in its own type', async (each) => {
    const service = `taken-${cases.indexOf(each)}`
    const plain = each.type === json ? jsonTraces(requests(service, 3)) : protobufTraces(requests(service, 3))
    const headers = { 'content-type': each.type, 'content-encoding': each.encoding }
    const response = await send(encodings[each.encoding](plain), headers, 'traces', davy[each.port])
    expect(response).toMatchObject({ status: 200, type: each.type, text: each.type === json ? '{}' : '' })
    await untilStored(davy, service, 3)
    expect(await versionsOf(service)).toMatchObject([{ version: '1', requests: 3, errors: 0, pods: 1 }])
  })

  test('all three signals as the SDK sends them', async () => {
    const bodies = await sdkBodies(Date.now())
    for (const [signal, body] of Object.entries(bodies)) {
      expect((await send(body.protobuf, { 'content-type': protobuf }, signal)).status).toBe(200)
      expect((await send(body.json, { 'content-type': json }, signal)).status).toBe(200)
    }
  })

  test('nothing at all, and an export of nothing, are full successes', async () => {
    expect(await send('', { 'content-type': protobuf })).toMatchObject({ status: 200, text: '' })
    expect(await send('{}', { 'content-type': json })).toMatchObject({ status: 200, text: '{}' })
    expect(await send('{"resourceSpans":[]}', { 'content-type': json })).toMatchObject({ status: 200, text: '{}' })
  })

  test('a span outside the time window is rejected alone, counted, and the sender is told', async () => {
    const pattern = /davy_ingest_rejected_items_total\{signal="traces",reason="([^"]+)"\} (\d+)/g
    const rejected = async () => {
      const text = await (await fetch(`${davy.url}/metrics`)).text()
      return [...text.matchAll(pattern)].reduce((sum, [, , count]) => sum + Number(count), 0)
    }
    const before = await rejected()
    const spans = [
      ...requests('windowed', 3),
      ...requests('windowed', 1, { endAt: Date.now() + 2 * 3_600_000 }),
      ...requests('windowed', 1, { endAt: Date.now() - 8 * 86_400_000 }),
    ]
    const response = await send(jsonTraces(spans), { 'content-type': json })
    expect(response.status).toBe(200)
    const { partialSuccess } = JSON.parse(response.text)
    expect(partialSuccess.rejectedSpans).toBe('2')
    expect(partialSuccess.errorMessage).toMatch(/resourceSpans|span/)
    await untilStored(davy, 'windowed', 3)
    expect(await versionsOf('windowed')).toMatchObject([{ requests: 3 }])
    expect(await rejected()).toBe(before + 2)
    // The same in protobuf: field 1 holds the message, whose field 1 is the count.
    expect([...(await send(protobufTraces(spans))).answer.subarray(0, 1)]).toEqual([0x0a])
  })

  test('a span that ended before it started counts as a request of duration 0', async () => {
    const line = /davy_ingest_negative_durations_total (\d+)/
    const before = await counter(line)
    expect((await send(protobufTraces(requests('backwards', 2, { seconds: -1 })))).status).toBe(200)
    await untilStored(davy, 'backwards', 2)
    expect(await counter(line)).toBe(before + 2)
  })
})

/** google.rpc.Status of an answer; in protobuf its field 2 is the message. */
function messageOf({ type, answer, text }: { type: string | null; answer: Buffer; text: string }): string {
  if (type === json) return (JSON.parse(text) as { message: string }).message
  expect(type).toBe(protobuf)
  const at = answer.indexOf(0x12)
  let length = answer[at + 1]!
  const start = length > 127 ? at + 3 : at + 2
  if (length > 127) length = (length & 127) | (answer[at + 2]! << 7)
  return answer.subarray(start, start + length).toString()
}

describe('what is refused', () => {
  const whole = protobufTraces(requests('refused', 5))
  const inJson = (change: (text: string) => string) => change(jsonTraces(requests('refused', 5)).toString())

  test.each([
    ['truncated protobuf', whole.subarray(0, whole.length - 7), protobuf, /resource_?spans/i],
    ['random bytes', Buffer.from('ff00deadbeef4242424242', 'hex'), protobuf, /byte \d/],
    ['JSON as protobuf', '{"resourceSpans":[]}', protobuf, /byte \d/],
    ['text that is no JSON', 'hello', json, /JSON/],
    ['half of a JSON', inJson((text) => text.slice(0, -20)), json, /JSON/],
    ['JSON that is not OTLP', '["spans"]', json, /object/],
    ['a list where an object belongs', '{"resourceSpans":{"scopeSpans":[]}}', json, /resourceSpans/],
    ['a name that is a number', inJson((text) => text.replace('"name":"GET /"', '"name":5')), json, /name/],
    [
      'a time that is no number',
      inJson((text) => text.replace(/"endTimeUnixNano":"\d+"/, '"endTimeUnixNano":"soon"')),
      json,
      /endTimeUnixNano/,
    ],
    [
      'a trace id that is too short',
      inJson((text) => text.replace(/"traceId":"\w+"/, '"traceId":"ab"')),
      json,
      /traceId/,
    ],
  ])('%s: 400, and a Status that says what was expected, what came and where', async (_name, body, type, place) => {
    const response = await send(body, { 'content-type': type })
    expect(response).toMatchObject({ status: 400, type })
    expect(messageOf(response)).toMatch(/expected .+, got .+/)
    expect(messageOf(response)).toMatch(place)
  })

  test.each([
    ['a gzip stream that is cut off', gzipSync(whole).subarray(0, 40), { 'content-encoding': 'gzip' }, 400],
    ['zstd that is gzip', gzipSync(whole), { 'content-encoding': 'zstd' }, 400],
    ['an unknown encoding', whole, { 'content-encoding': 'br' }, 415],
    ['two encodings', whole, { 'content-encoding': 'gzip, gzip' }, 415],
    ['no content type', whole, { 'content-type': '' }, 415],
    ['another content type', whole, { 'content-type': 'text/plain' }, 415],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ])('%s', async (_name, body, headers, status) => {
    const response = await send(body, { 'content-type': protobuf, ...headers })
    expect(response.status).toBe(status)
    expect(messageOf(response)).toMatch(/expected .+, got .+/)
  })

  test('a body beyond the limit', async () => {
    const response = await send(Buffer.alloc(maxBodyBytes + 1))
    expect(response.status).toBe(413)
    const chunks = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    })
    const endless = fetch(`${davy.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': protobuf },
      body: chunks,
      duplex: 'half',
    } as RequestInit)
    // The connection may be closed while the client still sends; both end it.
    expect(
      await endless.then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413)
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
  ])('a bomb of 64 MiB in %s, without the memory that it asks for', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(64 * 2 ** 20))
    expect(bomb.length).toBeLessThan(maxBodyBytes)
    globalThis.gc?.()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 1)
    const response = await send(bomb, { 'content-type': protobuf, 'content-encoding': encoding })
    clearInterval(watch)
    expect(response.status).toBe(413)
    expect(messageOf(response)).toContain(`at most ${maxDecompressedBytes} bytes`)
    expect(most).toBeLessThan(4 * maxDecompressedBytes)
  })

  test('another method, and another path', async () => {
    const get = await fetch(`${davy.otlpUrl}/v1/traces`)
    expect(get.status).toBe(405)
    expect(get.headers.get('allow')).toBe('POST')
    const unknown = await fetch(`${davy.otlpUrl}/v1/profiles`, { method: 'POST', headers: { 'content-type': json } })
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get('content-type')).toContain('application/problem+json')
    expect(await unknown.json()).toMatchObject({ code: 'NOT_FOUND' })
    expect((await fetch(`${davy.otlpUrl}/api/v1/deployments`)).status).toBe(404)
  })

  test('of a refused body nothing is stored', async () => {
    const spans = [...requests('half', 4), ...requests('half', 1)]
    const body = protobufTraces(spans)
    expect((await send(body.subarray(0, body.length - 3))).status).toBe(400)
    expect((await send(protobufTraces(requests('after', 2)))).status).toBe(200)
    await untilStored(davy, 'after', 2)
    expect(await versionsOf('half')).toBeNull()
    expect(await versionsOf('refused')).toBeNull()
  })

  test('refusals are counted by their code', async () => {
    const line = /davy_ingest_requests_total\{signal="traces",protocol="otlp-http",outcome="bad_otlp"\} (\d+)/
    const before = await counter(line)
    await send('hello', { 'content-type': json })
    await until(async () => (await counter(line)) === before + 1, 'the counter')
  })
})
