import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'
import { rankServices } from '../../../src/judges/windows/rank-services.ts'
import type { TelemetryWindow, WindowSpan } from '../../../src/judges/windows/telemetry-window.ts'
import { shopMinute } from './shop.ts'

const callees = ['ads', 'cart', 'price', 'stock'] as const

/** A minute in which `web` calls four services, each with so many extra milliseconds on the way. */
function minute(seed: number, delaysMs: Partial<Record<(typeof callees)[number], number>> = {}): TelemetryWindow {
  const random = seededRandom(seed)
  const spans: WindowSpan[] = []
  for (let at = 0; at < 60; at++) {
    const span = (id: string, parent: string | null, service: string, durationUs: number) =>
      spans.push({ trace: String(at), id, parent, service, operation: `/${service}`, startUs: at * 1e6, durationUs })
    span('0', null, 'web', 400_000)
    for (const callee of callees) {
      const own = 4000 + 4000 * random()
      const way = 1000 + 2000 * random() + 1000 * (delaysMs[callee] ?? 0)
      span(`to ${callee}`, '0', 'web', own + way)
      span(callee, `to ${callee}`, callee, own)
    }
  }
  return { coverage: { fromSeconds: 0, toSeconds: 60 }, spans, logs: [], cpu: [] }
}

const calm = [1, 2, 3, 4, 5, 6].map((seed) => minute(seed))

describe('which service a window accuses', () => {
  test.each([
    ['a slow way in', { delayMs: 20 }],
    ['slow work', { workMs: 30 }],
    ['a lost message', { silent: 1 }],
    ['a busy pod', { cpu: 90 }],
  ])('%s comes first', (_, fault) => {
    const baseline = [1, 2, 3, 4].map((seed) => shopMinute({ seed }))
    const [first] = rankServices({ canary: shopMinute({ seed: 99, ...fault }), baseline })
    expect(first).toMatchObject({ service: 'price', explainedBy: null })
    expect(first!.logE).toBeGreaterThan(Math.log(100))
  })

  test('one slow way out of four is the callee`s', () => {
    const ranked = rankServices({ canary: minute(9, { cart: 20 }), baseline: calm })
    expect(ranked[0]).toMatchObject({ service: 'cart', explainedBy: null })
    expect(ranked.map(({ service }) => service).sort()).toEqual(['ads', 'cart', 'price', 'stock', 'web'])
  })

  test('half of the ways is not most of them', () => {
    const ranked = rankServices({ canary: minute(9, { cart: 20, ads: 20 }), baseline: calm })
    expect(ranked.slice(0, 2).map(({ service }) => service)).toEqual(['ads', 'cart'])
  })

  test('most ways from one caller accuse the caller, and its callees no longer', () => {
    const ranked = rankServices({ canary: minute(9, { ads: 20, cart: 30, price: 20 }), baseline: calm })
    expect(ranked[0]).toMatchObject({ service: 'web', explainedBy: null })
    expect(ranked[0]!.families.map(({ family }) => family)).toContain('calls')
    for (const { service, logE, families, explainedBy } of ranked.slice(1)) {
      const isSlow = service !== 'stock'
      expect({ service, explainedBy }).toEqual({ service, explainedBy: isSlow ? 'web' : null })
      expect(families.some(({ family }) => family === 'net')).toBe(!isSlow)
      expect(logE).toBeLessThan(Math.log(10))
    }
  })

  test('an only callee is not explained by its caller', () => {
    const alone = (window: TelemetryWindow) => ({
      ...window,
      spans: window.spans.filter(({ id }) => id === '0' || id.endsWith('cart')),
    })
    const [first] = rankServices({ canary: alone(minute(9, { cart: 20 })), baseline: calm.map(alone) })
    expect(first).toMatchObject({ service: 'cart', explainedBy: null })
  })

  test('without any difference nobody stands out, and equals come by name', () => {
    const empty = { coverage: null, spans: [], logs: [], cpu: [] }
    const named = {
      ...empty,
      cpu: ['b', 'a'].map((service) => ({ pod: service, service, intervalSeconds: 60, points: [] })),
    }
    expect(rankServices({ canary: named, baseline: [named] })).toEqual(
      ['a', 'b'].map((service) => ({ service, logE: 0, families: [], explainedBy: null })),
    )
    expect(rankServices({ canary: empty, baseline: [empty] })).toEqual([])
  })
})
