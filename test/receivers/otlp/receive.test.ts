import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { receivers } from '../../../src/receivers/index.ts'
import { statusResponse } from '../../../src/receivers/otlp/response.ts'
import { type Signal, signals } from '../../../src/receivers/otlp/schema.ts'
import * as sample from './sample-bodies.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const limits = { nowMs, ttlMs: 86_400_000 }
const protobufType = 'application/x-protobuf'

const serializers = {
  traces: { [protobufType]: ProtobufTraceSerializer, 'application/json': JsonTraceSerializer },
  logs: { [protobufType]: ProtobufLogsSerializer, 'application/json': JsonLogsSerializer },
  metrics: { [protobufType]: ProtobufMetricsSerializer, 'application/json': JsonMetricsSerializer },
}

const good: Readonly<Record<Signal, Uint8Array>> = {
  traces: sample.tracesOf([sample.span(nowMs)]),
  logs: sample.logsOf([sample.record(nowMs)]),
  metrics: sample.metricsOf([{ gauge: { dataPoints: [sample.point(nowMs, {})] } }]),
}
const old: Readonly<Record<Signal, Uint8Array>> = {
  traces: sample.tracesOf([sample.span(0), sample.span(nowMs), sample.span(0)]),
  logs: sample.logsOf([sample.record(0), sample.record(nowMs), sample.record(0)]),
  metrics: sample.metricsOf([
    { gauge: { dataPoints: [sample.point(0, {}), sample.point(nowMs, {}), sample.point(0, {})] } },
  ]),
}

describe.each(signals)('%s', (signal) => {
  test('are answered with nothing but success when all of them are taken', () => {
    const received = receivers.otlp[signal](protobufType, good[signal], limits)
    expect(received).toMatchObject({ ok: true, items: 1, encoding: 'protobuf', response: new Uint8Array(0) })
    const json = receivers.otlp[signal]('application/json; charset=utf-8', Buffer.from('{}'), limits)
    expect(json).toMatchObject({ ok: true, items: 0, encoding: 'json' })
    expect(Buffer.from(json.response).toString()).toBe('{}')
  })

  test('are answered with what was left out, as the OpenTelemetry SDK reads it', () => {
    const received = receivers.otlp[signal](protobufType, old[signal], limits)
    if (!received.ok) throw new Error(JSON.stringify(received.error))
    expect(received.items).toBe(1)
    const read = serializers[signal][protobufType].deserializeResponse(received.response)
    expect(JSON.parse(JSON.stringify(read))).toMatchObject({
      partialSuccess: {
        [{ traces: 'rejectedSpans', logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' }[signal]]: 2,
        errorMessage: expect.stringMatching(/^2 × timestamp-out-of-window, the first: resource_/),
      },
    })
  })
})

describe('a refusal', () => {
  const { root } = protobuf.parse('syntax = "proto3"; message Status { int32 code = 1; string message = 2; }')
  const status = root.lookupType('Status')

  test('is a google.rpc.Status in protobuf for a protobuf body', () => {
    const received = receivers.otlp.traces(protobufType, Uint8Array.of(0x0a, 0x05), limits)
    expect(received).toMatchObject({ ok: false, code: 'BAD_OTLP', encoding: 'protobuf' })
    expect(status.toObject(status.decode(received.response))).toEqual({
      code: 3,
      message: 'Expected a length of at most 0, got 5, at resource_spans[0], byte 1.',
    })
  })

  test('is a google.rpc.Status in JSON for a JSON body, with the path in JSON', () => {
    const body = Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"b7ad6b7169203331"}]}]}]}')
    const received = receivers.otlp.traces('application/json', body, limits)
    expect(received).toMatchObject({ ok: false, code: 'BAD_OTLP', encoding: 'json' })
    expect(JSON.parse(Buffer.from(received.response).toString())).toEqual({
      code: 3,
      message: 'Expected 16 bytes, got nothing, at resourceSpans[0].scopeSpans[0].spans[0].traceId.',
    })
  })

  test.each([undefined, '', 'text/plain', 'application/jsonp'])('comes for the content type %s', (contentType) => {
    expect(receivers.otlp.logs(contentType, good.logs, limits)).toMatchObject({
      ok: false,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      error: { expected: 'application/x-protobuf or application/json' },
    })
  })

  test('may say anything in any language', () => {
    const message = `${'ü'.repeat(300)}\n"quoted" \u{1f525}`
    expect(status.toObject(status.decode(statusResponse('protobuf', 14, message)))).toEqual({ code: 14, message })
    expect(JSON.parse(Buffer.from(statusResponse('json', 14, message)).toString())).toEqual({ code: 14, message })
  })
})
