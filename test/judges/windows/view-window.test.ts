import { describe, expect, test } from 'vitest'
import type { TelemetryWindow, WindowSpan } from '../../../src/judges/windows/telemetry-window.ts'
import { viewWindow } from '../../../src/judges/windows/view-window.ts'

function span(id: string, parent: string | null, service: string, from: number, durationUs: number): WindowSpan {
  return { trace: 't', id, parent, service, operation: `${service}-${id}`, startUs: from, durationUs }
}

function window(spans: readonly WindowSpan[], rest: Partial<TelemetryWindow> = {}): TelemetryWindow {
  return { coverage: { fromSeconds: 100, toSeconds: 160 }, spans, logs: [], cpu: [], ...rest }
}

const spans = [
  span('0', null, 'web', 0, 100),
  span('1', '0', 'web', 10, 80),
  span('2', '1', 'price', 20, 60),
  span('3', '2', 'price', 30, 10),
  span('4', '2', 'price', 45, 20),
  span('5', '4', 'rates', 46, 15),
]

describe('the view of a window', () => {
  test('the way in is the caller less the service, own work is what no child covers and no other service does', () => {
    const view = viewWindow(window(spans), 'price')
    expect(view.net).toEqual(new Map([['price-2', [20]]]))
    expect(view.self).toEqual(new Map([['price-2', [60 - 30 + 10]]]))
  })

  test('steps are inner operations and calls; callers have steps of their own', () => {
    const view = viewWindow(window(spans), 'price')
    expect([...view.steps!.get('price-2')!.having.keys()].sort()).toEqual(['price-3', 'price-4', 'to rates rates-5'])
    expect(view.callers).toEqual(
      new Map([
        [
          'web web-0 to price-2',
          {
            requests: 1,
            having: new Map([
              ['web-1', 1],
              ['to price price-2', 1],
            ]),
          },
        ],
      ]),
    )
  })

  test('a call from the caller`s entry, made beside other things, has no way in that is known', () => {
    const direct = [span('0', null, 'web', 0, 100), span('1', '0', 'price', 20, 60)]
    expect(viewWindow(window(direct), 'price').net).toEqual(new Map([['price-1', [40]]]))
    const beside = [...direct, span('2', '0', 'cart', 5, 10)]
    expect(viewWindow(window(beside), 'price')).toMatchObject({ net: null, self: new Map([['price-1', [60]]]) })
    expect(viewWindow(window(beside.toReversed()), 'cart')).toMatchObject({ net: null })
  })

  test('the order of spans does not matter', () => {
    expect(viewWindow(window(spans.toReversed()), 'price').self).toEqual(viewWindow(window(spans), 'price').self)
  })

  test('a root has no way in, and a service that nobody called no view', () => {
    expect(viewWindow(window(spans), 'web')).toMatchObject({ net: null, callers: null })
    expect(viewWindow(window(spans), 'absent')).toMatchObject({ net: null, self: null, log: null, steps: null })
  })

  test('a request counts a template once, however often it writes it', () => {
    const log = (message: string, at = '3') => ({ trace: 't', span: at, service: 'price', message })
    const logs = [log('asked 1'), log('asked 2'), log('lost', '99'), { ...log('other'), service: 'web' }]
    const { log: counted } = viewWindow(window(spans, { logs }), 'price')
    expect(counted!.get('price-2')).toEqual({ requests: 1, having: new Map([['asked <*>', 1]]) })
  })

  test('CPU counts only where its interval overlaps the window, of the busiest pod', () => {
    const pod = (name: string, points: [number, number | null][]) => ({
      pod: name,
      service: 'price',
      intervalSeconds: 60,
      points,
    })
    const cpu = [
      pod('a', [
        [40, 90],
        [100, 95],
        [130, 10],
        [200, 12],
        [220, 80],
      ]),
      pod('b', [
        [130, 4],
        [150, null],
        [155, 0],
      ]),
    ]
    expect(viewWindow(window([], { cpu }), 'price').cpu).toBe(11)
    expect(viewWindow(window([], { cpu, coverage: null }), 'price').cpu).toBe(80)
    expect(
      viewWindow(window([], { cpu: cpu.slice(1), coverage: { fromSeconds: 500, toSeconds: 560 } }), 'price').cpu,
    ).toBe(null)
  })

  test('a span that is its own ancestor is an error', () => {
    const circle = [span('0', '1', 'web', 0, 1), span('1', '0', 'web', 0, 1)]
    expect(() => viewWindow(window(circle), 'web')).toThrow('its own ancestor')
  })
})
