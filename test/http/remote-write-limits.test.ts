import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compress } from 'snappyjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashToken, roles } from '../../src/platform/tokens.ts'
import { type Davy, startDavy } from '../davy.ts'
import { bodyV1, bodyV2 } from '../receivers/remote-write/codec.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-write-'))
const secretOf = (role: string) => `davy_${role}-token-of-this-test`

let davy: Davy
beforeAll(async () => {
  const lines = roles.map((role) => `- {name: my-${role}, role: ${role}, hash: "${hashToken(secretOf(role))}"}`)
  writeFileSync(join(directory, 'tokens.yaml'), `${lines.join('\n')}\n`)
  davy = await startDavy({
    DAVY_TOKENS_FILE: join(directory, 'tokens.yaml'),
    DAVY_INGEST_SEGMENT_MAX_BYTES: '4096',
    DAVY_INGEST_BACKLOG_MAX_BYTES: '4096',
  })
})
afterAll(async () => {
  await davy?.stop()
  rmSync(directory, { recursive: true, force: true })
})

function send(body: Uint8Array, role: string, type = 'application/x-protobuf'): Promise<Response> {
  return fetch(`${davy.url}/api/v1/write`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secretOf(role)}`, 'content-type': type, 'content-encoding': 'snappy' },
    body: new Uint8Array(compress(body)),
  })
}

test('it is for the role ingest', async () => {
  const allowed: string[] = []
  for (const role of roles) if ((await send(bodyV1([]), role)).status === 204) allowed.push(role)
  expect(allowed).toEqual(['ingest', 'admin'])
})

test('with a full backlog it says 503 and when to come again: after 429 Prometheus would throw the body away', async () => {
  const samples = Array.from({ length: 1000 }, (_, at) => ({ value: at, timestamp: Date.now() - at }))
  const body = bodyV2([{ labels: [['__name__', 'up']], samples }])
  const response = await send(body, 'ingest', 'application/x-protobuf;proto=io.prometheus.write.v2.Request')
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(response.headers.get('x-prometheus-remote-write-samples-written')).toBe('0')
  expect(await response.json()).toMatchObject({
    status: 503,
    code: 'OVERLOADED',
    expected: expect.stringContaining('4096'),
  })
})
