import { compress } from 'snappyjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { bodyV1, bodyV2, encodeRaw, type TestSeries } from '../receivers/remote-write/codec.ts'

const maxDecompressedBytes = 2 ** 20
const v1 = 'application/x-protobuf'
const v2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'

/** Twenty of them are twice what a body may have. */
const longLabel: TestSeries = {
  labels: [
    ['__name__', 'up'],
    ['z', 'x'.repeat(100_000)],
  ],
  samples: [{ value: 1, timestamp: Date.now() }],
}

let davy: Davy
beforeAll(async () => {
  davy = await startDavy({
    DAVY_INGEST_MAX_BODY_BYTES: String(256 * 1024),
    DAVY_INGEST_MAX_DECOMPRESSED_BYTES: String(maxDecompressedBytes),
  })
})
afterAll(() => davy?.stop())

async function send(body: Uint8Array, headers: Record<string, string> = {}, base = davy.url) {
  const response = await fetch(`${base}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': v1, 'content-encoding': 'snappy', ...headers },
    body: new Uint8Array(body),
  })
  const text = await response.text()
  const written = ['samples', 'histograms', 'exemplars'].map((name) =>
    response.headers.get(`x-prometheus-remote-write-${name}-written`),
  )
  return {
    status: response.status,
    headers: response.headers,
    written,
    text,
    problem: text === '' ? null : JSON.parse(text),
  }
}

const snap = (body: Uint8Array): Uint8Array => compress(body)
const sample = () => ({ value: 1, timestamp: Date.now() })
const series = (name: string, more: Partial<TestSeries> = {}): TestSeries => ({
  labels: [
    ['__name__', name],
    ['job', 'http-test'],
  ],
  samples: [sample()],
  ...more,
})

async function counter(line: RegExp): Promise<number> {
  const text = await (await fetch(`${davy.url}/metrics`)).text()
  return Number(line.exec(text)?.[1] ?? 0)
}

describe('what is taken', () => {
  test('1.0: 204 and nothing else', async () => {
    const { status, text, written } = await send(snap(bodyV1([series('up')])))
    expect({ status, text, written }).toEqual({ status: 204, text: '', written: [null, null, null] })
  })

  test('1.0 without its only encoding being named, as old senders have it', async () => {
    const response = await fetch(`${davy.url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': v1 },
      body: new Uint8Array(snap(bodyV1([series('up')]))),
    })
    expect(response.status).toBe(204)
  })

  test('2.0: 204, and how much was written', async () => {
    const exemplar = { labels: [['trace_id', 'ab']], value: 1, timestamp: Date.now() } as const
    const histogram = { count_int: 0, timestamp: Date.now() }
    const body = bodyV2([
      series('a'),
      series('b', { exemplars: [exemplar] }),
      series('c', { samples: [], histograms: [histogram] }),
    ])
    const { status, text, written } = await send(snap(body), { 'content-type': v2 })
    expect({ status, text, written }).toEqual({ status: 204, text: '', written: ['2', '1', '1'] })
  })

  test('points are counted, and everything gets out of the segments into the tables', async () => {
    const line = /davy_ingest_items_total\{signal="metrics",outcome="accepted"\} (\d+)/
    const before = await counter(line)
    expect((await send(snap(bodyV1([series('x'), series('y_total')])))).status).toBe(204)
    expect(await counter(line)).toBe(before + 2)
    await until(async () => (await counter(/davy_ingest_backlog_bytes (\d+)/)) === 0, 'an empty backlog')
    expect(davy.logs.filter((entry) => entry.includes('could not be stored'))).toEqual([])
  })
})

describe('what is not taken, or not whole', () => {
  test('of a partial write the rest is stored, and both are told', async () => {
    const old = series('old', { samples: [sample(), { value: 1, timestamp: 1000 }] })
    const body = bodyV2([series('good'), { ...series('bad'), labels: [['job', 'x']] }, old])
    const { status, written, problem } = await send(snap(body), { 'content-type': v2 })
    expect(status).toBe(400)
    expect(written).toEqual(['2', '0', '0'])
    expect(problem.code).toBe('BAD_REMOTE_WRITE')
    expect(problem.detail).toContain('1 × no-metric-name, the first: timeseries[1] {"job"="x"}')
    expect(problem.detail).toContain('1 × timestamp-out-of-window')
    expect(problem.detail).toContain('2 samples, 0 histograms and 0 exemplars were taken')
    expect(await counter(/rejected_items_total\{signal="metrics",reason="no-metric-name"\} (\d+)/)).toBe(1)
  })

  test('a body that is none: the place, and nothing written', async () => {
    const body = encodeRaw(['', '__name__'], [{ labels_refs: [1, 9], samples: [sample()] }])
    const { status, written, problem } = await send(snap(body), { 'content-type': v2 })
    expect({ status, written }).toEqual({ status: 400, written: ['0', '0', '0'] })
    expect(problem).toMatchObject({
      code: 'BAD_REMOTE_WRITE',
      expected: 'a reference to one of the 2 symbols',
      got: '9',
    })
    expect(problem.where).toMatch(/^timeseries\[0\]\.labels_refs at byte \d+$/)
  })

  test.each([
    ['JSON', { 'content-type': 'application/json' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a picture', { 'content-type': 'image/png' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a message to come', { 'content-type': `${v1};proto=io.prometheus.write.v3.Request` }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['gzip', { 'content-encoding': 'gzip' }, 'UNSUPPORTED_ENCODING'],
    ['nothing compressed', { 'content-encoding': 'identity' }, 'UNSUPPORTED_ENCODING'],
  ])('%s is 415', async (_name, headers, code) => {
    const { status, problem } = await send(snap(bodyV1([series('up')])), headers)
    expect({ status, code: problem.code }).toEqual({ status: 415, code })
  })

  test.each([
    ['bytes that are no Snappy', Buffer.from([3, 2 << 2, 97]), 400, 'BAD_ENCODING'],
    ['a bomb', Buffer.from([0xff, 0xff, 0xff, 0x7f, 0]), 413, 'BODY_TOO_LARGE'],
    ['more than the limit on the wire', Buffer.alloc(300_000), 413, 'BODY_TOO_LARGE'],
    ['an empty body', Buffer.alloc(0), 400, 'BAD_ENCODING'],
    ['a long symbol used too often', snap(bodyV2(Array(20).fill(longLabel))), 413, 'BODY_TOO_LARGE'],
  ])('%s', async (_name, body, status, code) => {
    const answer = await send(body, { 'content-type': v2 })
    expect({ status: answer.status, code: answer.problem.code }).toEqual({ status, code })
    expect(answer.written).toEqual(['0', '0', '0'])
  })

  test('another method, and the port of OTLP', async () => {
    const get = await fetch(`${davy.url}/api/v1/write`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await send(snap(bodyV1([])), {}, davy.otlpUrl)).status).toBe(404)
  })
})
