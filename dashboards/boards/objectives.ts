import { errorTable } from '../../src/domain/errors.ts'
import { series } from '../builder/queries.ts'

/** A promise about Davy itself, the same as in alerts/rules/davy-recording.yml: a test compares them. */
export type Objective = {
  /** Its label `slo` in the alerts. */
  readonly slo: string
  readonly name: string
  /** What is promised, in one sentence. */
  readonly promise: string
  /** What to do when the budget burns. */
  readonly advice: string
  /** The share that may go wrong over 30 days. */
  readonly budget: number
  /** Events a second that went wrong, over a window. */
  readonly wrong: (window: string) => string
  /** Events a second, over a window. */
  readonly all: (window: string) => string
}

const sum = (metric: string, matchers: string, window: string) => `sum(rate(${series(metric, matchers)}[${window}]))`
const sumOrZero = (metric: string, matchers: string, window: string) =>
  `(${sum(metric, matchers, window)} or vector(0))`

/** What no sender is ever told: CONFIG ends a start, and sources are asked and send nothing. */
const notForSenders: readonly string[] = ['CONFIG', 'SOURCE_DOWN']

/** Answers to senders that are Davy's own fault: they must send again. */
const faults = Object.entries(errorTable)
  .filter(([code, { status }]) => (status === 429 || status >= 500) && !notForSenders.includes(code))
  .map(([code]) => code.toLowerCase())

const telemetry = 'davy_ingest_requests_total'
const looks = 'davy_look_lag_seconds'
const deliveries = 'davy_webhook_deliveries_total'
const requests = 'http_server_request_duration_seconds_count'
/** Telemetry has an objective of its own, and probes would outnumber everybody. */
const asked = 'http_route!~"/v1/.*|/api/v1/write|/livez|/readyz|/metrics"'

/** All of them; the order is that of the dashboard. */
export const objectives: readonly Objective[] = [
  {
    slo: 'looks',
    name: 'Verdicts in time',
    promise: 'A verdict stands 30 seconds after its look was due.',
    advice: 'Look at Davy / Pipeline: storage operations, failed looks; then at CPU in Davy / Service health.',
    budget: 0.01,
    // Prometheus 3 writes the bound as 30.0.
    wrong: (window) => `(${sum(`${looks}_count`, '', window)} - ${sum(`${looks}_bucket`, 'le=~"30([.]0)?"', window)})`,
    all: (window) => sum(`${looks}_count`, '', window),
  },
  {
    slo: 'delivery',
    name: 'Webhooks delivered',
    promise: 'A verdict reaches each endpoint before its attempts run out.',
    advice: 'Look at Davy / Webhooks for the endpoint, repair it, then replay what was lost.',
    budget: 0.01,
    wrong: (window) => sumOrZero(deliveries, 'outcome="failed"', window),
    all: (window) => sum(deliveries, 'outcome=~"delivered|failed"', window),
  },
  {
    slo: 'ingest',
    name: 'Telemetry taken in',
    promise: 'A request with telemetry is not refused for a fault of Davy.',
    advice: 'Look at Davy / Pipeline: backlog, storage, room left for bodies.',
    budget: 0.001,
    wrong: (window) => sumOrZero(telemetry, `outcome=~"${faults.join('|')}"`, window),
    all: (window) => sum(telemetry, '', window),
  },
  {
    slo: 'api',
    name: 'Requests answered',
    promise: 'A request to the API is answered without a fault of Davy.',
    advice: 'Look at Davy / Service health: problems by code, then at the storage.',
    budget: 0.001,
    wrong: (window) => sumOrZero(requests, `${asked}, http_response_status_code=~"5.."`, window),
    all: (window) => sum(requests, asked, window),
  },
]

/** Burn rates that are alerted on: the budget is used so many times too fast, in both windows. */
export const burnWindows = [
  { long: '1h', short: '5m', factor: 14.4 },
  { long: '6h', short: '30m', factor: 6 },
  { long: '1d', short: '2h', factor: 3 },
  { long: '3d', short: '6h', factor: 1 },
] as const

/** Share of what went wrong in a window; nothing where nothing happened. */
export function wrongShare({ wrong, all }: Objective, window: string): string {
  return `${wrong(window)} / (${all(window)} > 0)`
}
