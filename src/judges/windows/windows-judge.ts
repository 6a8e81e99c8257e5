import type { Decision } from '../../domain/verdict.ts'
import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'
import { inputFault, type SeriesJudge } from '../series-judge.ts'
import type { WindowsJudgement } from './judge-views.ts'
import { judgeWindows } from './judge-windows.ts'
import { spanKey } from './link-spans.ts'
import type { TelemetryWindow } from './telemetry-window.ts'

type WindowsInput = Parameters<typeof judgeWindows>[0]

type ExplainedWindows = Omit<WindowsJudgement, 'reason'> & {
  readonly decision: Decision
  readonly reason: { readonly code: string; readonly summary: string }
}

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

const words: Readonly<Record<WindowsJudgement['reason'], string>> = {
  regression: 'is worse than the windows without the change',
  'no-regression': 'is like the windows without the change',
  suspicious: 'looks worse than the windows without the change, and it is not proven',
  'not-enough-evidence': 'cannot be told from the windows without the change: too few of them, or too little in them',
}

/** One window of metrics, traces and logs against up to six without the change. */
export const windowsJudge: SeriesJudge<WindowsInput, ExplainedWindows> = {
  question: 'Is a window of spans, log messages and CPU after a change worse than 1 to 6 windows without it?',
  input: closedObject({ service: id, canary: window, baseline: { ...listOf(window, undefined, 1), maxItems: 6 } }),
  judge(input) {
    checkWindow(input.canary, '/canary')
    for (const [at, one] of input.baseline.entries()) checkWindow(one, `/baseline/${at}`)
    const { decision, reason, logE, families } = judgeWindows(input)
    const [loudest] = families.toSorted((a, b) => b.logE - a.logE)
    const most = reason === 'no-regression' || loudest === undefined ? '' : ` Most of it is said by ${loudest.family}.`
    const code = reason.toUpperCase().replaceAll('-', '_')
    return { decision, reason: { code, summary: `${input.service} ${words[reason]}.${most}` }, logE, families }
  },
  table({ families }) {
    const head = ['EVIDENCE', 'LOG E', 'WINDOWS COMPARED']
    return [head, ...families.map(({ family, logE, kept }) => [family, logE.toFixed(2), String(kept.length)])]
  },
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
