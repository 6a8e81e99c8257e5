import { describe, expect, test } from 'vitest'
import { previewOf } from '../../../src/receivers/otlp/preview.ts'
import { requests, signals } from '../../../src/receivers/otlp/schema.ts'
import { wrap } from './codec.ts'
import { mutate, seeded } from './mutate.ts'
import * as sample from './sample-bodies.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const whole = {
  traces: sample.tracesOf([sample.fullSpan(nowMs)]),
  logs: sample.logsOf([sample.fullRecord(nowMs)]),
  metrics: sample.metricsOf(sample.fullMetrics(nowMs)),
}

describe('a preview', () => {
  test('shows fields by the names of OTLP/JSON, ids in hex, 64 bits as text', () => {
    const { fields, isCut, fault } = previewOf(requests.traces, whole.traces)
    expect({ isCut, fault }).toEqual({ isCut: true, fault: null })
    expect(JSON.parse(JSON.stringify(fields))).toMatchObject({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }, { key: 'nested' }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: sample.traceId.toString('hex'),
                  name: 'POST /pay',
                  startTimeUnixNano: '1795255200123456789',
                },
              ],
            },
          ],
        },
      ],
    })
  })

  test('of bytes that break off shows what is before, and where they broke off', () => {
    const span = wrap(1, wrap(2, wrap(2, wrap(5, Buffer.from('GET')), Uint8Array.of(0x4a, 0x7f, 0x01))))
    const { fields, fault } = previewOf(requests.traces, span)
    expect(JSON.parse(JSON.stringify(fields))).toEqual({
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'GET' }] }] }],
    })
    expect(fault).toBe('expected a length of at most 1, got 127, at byte 12')
  })

  test('of a message that nobody described has numbers for names', () => {
    const body = Buffer.concat([wrap(7, Buffer.from([1, 2])), Uint8Array.of(0x08, 0x96, 0x01)])
    expect({ ...previewOf(null, body).fields }).toEqual({ '#7': '2 bytes: 0102', '#1': '150' })
  })

  test('of a name that objects have themselves is a field like any other', () => {
    const attribute = wrap(1, wrap(1, wrap(1, wrap(1, Buffer.from('__proto__')))))
    expect(JSON.stringify(previewOf(requests.traces, attribute).fields)).toContain('"key":"__proto__"')
  })

  test.each(signals)('of damaged %s is bounded and never fails', (signal) => {
    const random = seeded(11)
    let longest = 0
    for (let run = 0; run < 3_000; run += 1) {
      longest = Math.max(longest, JSON.stringify(previewOf(requests[signal], mutate(whole[signal], random))).length)
    }
    expect(longest).toBeGreaterThan(500)
    expect(longest).toBeLessThan(100_000)
  })

  test('of something huge stays small', () => {
    const text = sample.tracesOf([sample.span(nowMs, { name: 'ü'.repeat(1e6) })])
    const many = sample.tracesOf(Array.from({ length: 20_000 }, () => sample.span(nowMs)))
    for (const body of [text, many]) {
      const preview = previewOf(requests.traces, body)
      expect(preview.isCut).toBe(true)
      expect(JSON.stringify(preview).length).toBeLessThan(5_000)
    }
  })

  test('of a nesting without end ends', () => {
    let value = wrap(1, Buffer.from('bottom'))
    for (let depth = 0; depth < 5_000; depth += 1) value = wrap(5, wrap(1, value))
    const body = sample.tracesOf([sample.span(nowMs)])
    const deep = Buffer.concat([body, wrap(1, wrap(1, wrap(1, wrap(2, value))))])
    expect(previewOf(requests.traces, deep).isCut).toBe(true)
  })
})
