import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { expectStored, habits } from './clients/expect-stored.ts'
import { expectMeasured } from './clients/measured.ts'
import { type Protocol, type Run, runClient, type Sdk } from './clients/run-client.ts'
import type { Telemetry } from './clients/telemetry.ts'

type Case = readonly [sdk: Sdk, protocol: Protocol, compression: string]
const whole: readonly Case[] = [
  ['node', 'http/json', 'none'],
  ['node', 'http/json', 'gzip'],
  ['node', 'http/protobuf', 'none'],
  ['node', 'grpc', 'gzip'],
  ['python', 'http/protobuf', 'deflate'],
  ['python', 'http/protobuf', 'gzip'],
  ['python', 'grpc', 'gzip'],
  ['go', 'http/protobuf', 'none'],
  ['go', 'http/protobuf', 'gzip'],
  ['go', 'grpc', 'none'],
  ['go', 'grpc', 'gzip'],
]
const partial: readonly (readonly [sdk: Sdk, protocol: Protocol, words: readonly RegExp[]])[] = [
  ['go', 'http/protobuf', [/1 spans rejected/, /1 logs rejected/]],
  ['go', 'grpc', [/1 spans rejected/, /1 logs rejected/]],
  ['node', 'http/protobuf', [/rejectedSpans"?:\s*"?1/, /rejectedLogRecords"?:\s*"?1/]],
  // Says nothing of it.
  ['python', 'http/protobuf', []],
]

/** A span and a log record of the day after tomorrow, behind all others. */
function withFuture(all: Telemetry): Telemetry {
  const time = (nanoseconds: string) => String(BigInt(nanoseconds) + 2n * 86_400_000_000_000n)
  const span = all.spans.at(-1)!
  const log = all.logs[0]!
  return {
    ...all,
    spans: [...all.spans, { ...span, name: 'too early', start: time(span.start), end: time(span.end) }],
    logs: [...all.logs, { ...log, time: time(log.time) }],
  }
}

function withoutLast({ telemetry, sent }: Run): Run {
  const { spans, logs } = telemetry
  return { sent, telemetry: { ...telemetry, spans: spans.slice(0, -1), logs: logs.slice(0, -1) } }
}

const [directory, removeDirectory] = temporaryDirectory()
const data = join(directory, 'data')
const runs = new Map<Case | (typeof partial)[number], Run | Error>()
let davy: Davy
/** All run first, three at a time, so that what follows needs to wait for nothing. */
beforeAll(async () => {
  davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}`, DAVY_INGEST_SEGMENT_MAX_AGE_MS: '1000' })
  const urlOf = (protocol: Protocol) => (protocol === 'grpc' ? davy.otlpGrpcUrl : davy.otlpUrl)
  const waiting = [
    ...whole.map((each) => async () => {
      const [sdk, protocol, compression] = each
      const env = { OTEL_EXPORTER_OTLP_COMPRESSION: compression }
      runs.set(each, await runClient(sdk, protocol, urlOf(protocol), each.join('-'), env).catch(asError))
    }),
    ...partial.map((each) => async () => {
      const [sdk, protocol] = each
      const service = `partial-${sdk}-${protocol}`
      runs.set(each, await runClient(sdk, protocol, urlOf(protocol), service, {}, withFuture).catch(asError))
    }),
  ]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next()
  }
  await Promise.all([worker(), worker(), worker()])
  await until(
    async () => /^davy_ingest_backlog_bytes 0$/m.test(await (await fetch(`${davy.url}/metrics`)).text()),
    'an empty backlog',
    60_000,
  )
})
afterAll(async () => {
  await davy?.stop()
  removeDirectory()
})

const asError = (cause: Error): Error => cause

function runOf(each: Case | (typeof partial)[number]): Run {
  const run = runs.get(each)
  if (run === undefined || run instanceof Error) throw run ?? new Error('the client did not run')
  return run
}

describe('an SDK sends, and every column holds what it sent', () => {
  test.each(whole.map((each) => [each.join(' '), each] as const))('%s', async (_name, each) => {
    const run = runOf(each)
    expect(run.sent.errors).toEqual([])
    expectMeasured(run)
    await expectStored(data, run, habits[each[0]])
  })

  test('on the port of the API too', async () => {
    const run = await runClient('go', 'http/protobuf', davy.url, 'go-api-port')
    expect(run.sent.errors).toEqual([])
    await expectStored(data, run, habits.go)
  })
})

test.each(partial.map((each) => [each.slice(0, 2).join(' '), each] as const))(
  '%s: of an export with a time that is refused the rest is stored, and the SDK says why',
  async (_name, each) => {
    const [sdk, , words] = each
    const run = runOf(each)
    const spoken = run.sent.errors.join('\n')
    for (const word of words) expect(spoken).toMatch(word)
    if (words.length > 0) expect(spoken).toMatch(/timestamp-out-of-window.*taken is/)
    await expectStored(data, withoutLast(run), habits[sdk])
  },
)
