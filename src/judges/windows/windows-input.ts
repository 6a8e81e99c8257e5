import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'
import { inputFault } from '../series-judge.ts'
import { spanKey } from './link-spans.ts'
import type { TelemetryWindow } from './telemetry-window.ts'

/** A window after a change, and 1 to 6 without it. */
export type Windows = { readonly canary: TelemetryWindow; readonly baseline: readonly TelemetryWindow[] }

const text: JsonSchema = { type: 'string' }
const id: JsonSchema = { type: 'string', minLength: 1 }
const orNull = (schema: JsonSchema): JsonSchema => ({ ...schema, type: ['string', 'null'] })
const microseconds: JsonSchema = { type: 'number', minimum: 0, description: 'microseconds' }

const span = closedObject({
  ...{ trace: id, id, parent: { ...orNull(id), description: 'a span of the same trace; null at the root' } },
  ...{ service: id, operation: text, startUs: microseconds, durationUs: microseconds },
})

const log = closedObject(
  { trace: orNull(text), span: orNull(text), service: id, message: text },
  {},
  'trace and span: who wrote it, where the logger knows that',
)

const cpu = closedObject(
  {
    ...{ pod: id, service: id, intervalSeconds: { type: 'number', exclusiveMinimum: 0 } },
    points: listOf(
      { type: 'array', items: { type: ['number', 'null'] }, minItems: 2, maxItems: 2 },
      '[time in seconds, value]; a value stands for the interval before its time; null: not measured',
    ),
  },
  {},
  "a pod's CPU usage, in a unit that is the same in all windows",
)

const window = closedObject(
  {
    coverage: {
      anyOf: [closedObject({ fromSeconds: { type: 'number' }, toSeconds: { type: 'number' } }), { type: 'null' }],
      description: 'the seconds that spans and messages cover; null when there are none',
    },
    ...{ spans: listOf(span), logs: listOf(log), cpu: listOf(cpu) },
  },
  {},
  'an empty list is a kind of telemetry that is missing, not one at rest',
)

/** The properties of an input that has {@link Windows}. */
export const windowsInput = {
  canary: window,
  baseline: { ...listOf(window, undefined, 1), maxItems: 6 },
} as const satisfies Readonly<Record<string, JsonSchema>>

/** @throws DavyError UNPROCESSABLE for what the schema cannot say. */
export function checkWindows({ canary, baseline }: Windows): void {
  checkWindow(canary, '/canary')
  for (const [at, one] of baseline.entries()) checkWindow(one, `/baseline/${at}`)
}

/** Times are there, and parents do not go round in circles: a span that is its own ancestor has no request. */
function checkWindow({ spans, cpu }: TelemetryWindow, where: string): void {
  for (const [at, { points }] of cpu.entries()) {
    const without = points.findIndex(([time]) => time === null)
    if (without >= 0) throw inputFault(`${where}/cpu/${at}/points/${without}/0`, 'a time in seconds', 'null')
  }
  const index = new Map(spans.map(({ trace, id: own }, at) => [spanKey(trace, own), at]))
  const isSound = new Set<number>()
  for (const [start] of spans.entries()) {
    const path = new Set<number>()
    for (let at: number | undefined = start; at !== undefined && !isSound.has(at); ) {
      if (path.has(at)) throw inputFault(`${where}/spans/${at}/parent`, 'a span that is no descendant', 'a descendant')
      path.add(at)
      const { trace, parent }: TelemetryWindow['spans'][number] = spans[at]!
      at = parent === null ? undefined : index.get(spanKey(trace, parent))
    }
    for (const at of path) isSound.add(at)
  }
}
