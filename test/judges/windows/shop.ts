import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'
import type { TelemetryWindow, WindowLog, WindowSpan } from '../../../src/judges/windows/telemetry-window.ts'

export type Minute = {
  readonly seed: number
  readonly requests?: number
  /** Extra milliseconds on the way into the service. */
  readonly delayMs?: number
  /** Extra milliseconds of the service's own work. */
  readonly workMs?: number
  /** Share of requests that do not write their last message. */
  readonly silent?: number
  /** Share of requests after which the caller gives up. */
  readonly broken?: number
  readonly cpu?: number
  readonly hasTraces?: boolean
}

/** A minute of an invented shop: `web` calls `price`, which asks its database, and then `cart`. */
export function shopMinute(minute: Minute): TelemetryWindow {
  const { seed, requests = 40, delayMs = 0, workMs = 0, silent = 0, broken = 0, cpu = 20, hasTraces = true } = minute
  const random = seededRandom(seed)
  const spans: WindowSpan[] = []
  const logs: WindowLog[] = []
  for (let at = 0; at < requests; at++) {
    const trace = String(at)
    const startUs = at * 1e6
    const net = 1000 + 2000 * random() + 1000 * delayMs
    const own = 4000 + 4000 * random() + 1000 * workMs
    const span = (id: string, parent: string | null, service: string, operation: string, durationUs: number) =>
      spans.push({ trace, id, parent, service, operation, startUs, durationUs })
    span('0', null, 'web', 'GET /', 60_000 + net + own)
    span('1', '0', 'web', 'POST', 1000 + net + own)
    span('2', '1', 'price', '/price', 1000 + own)
    span('3', '2', 'price', 'SELECT', 1000)
    if (random() >= broken) span('4', '0', 'cart', '/cart', 2000)
    const say = (message: string) => logs.push({ trace, span: '2', service: 'price', message })
    say(`10:00:${at} INFO p.Price#${seed} asked for route ${at}`)
    if (random() >= silent) say(`10:00:${at} INFO p.Price#17 found ${Math.round(own)} prices`)
  }
  const level = cpu * (0.95 + 0.1 * random())
  return {
    coverage: { fromSeconds: 0, toSeconds: 60 },
    spans: hasTraces ? spans : [],
    logs: hasTraces ? logs : [],
    cpu: [{ pod: 'price-1', service: 'price', intervalSeconds: 60, points: [[50, level]] }],
  }
}
