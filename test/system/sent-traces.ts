import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Davy } from '../davy.ts'

type Attributes = Readonly<Record<string, string>>

/** A span of a trace; `kind` is OTLP's number: 2 server, 3 client. */
export type SentSpan = {
  readonly traceId: string
  readonly spanId?: string
  readonly parentSpanId?: string
  /** What a sampler wrote: `ot=th:8`. */
  readonly traceState?: string
  readonly name?: string
  readonly kind: 2 | 3
  /** Unix milliseconds. */
  readonly end: number
  readonly ms: number
  readonly failed?: boolean
  readonly attributes?: Attributes
}

let ids = 0

/** A hexadecimal id of so many digits that no other span of this process has. */
export function nextId(length: 16 | 32): string {
  ids += 1
  return ids.toString(16).padStart(length, '0')
}

const keyValues = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))

function toOtlp({ end, ms, failed, attributes = {}, name = 'POST', ...ids }: SentSpan) {
  return {
    ...{ ...ids, spanId: ids.spanId ?? nextId(16), name, attributes: keyValues(attributes) },
    ...{ startTimeUnixNano: `${end - ms}000000`, endTimeUnixNano: `${end}000000` },
    ...(failed === true ? { status: { code: 2 } } : {}),
  }
}

/** Sends spans by OTLP/JSON over HTTP, each resource with its own. */
export async function sendTraces(
  davy: Pick<Davy, 'otlpUrl'>,
  sent: readonly { readonly resource: Attributes; readonly spans: readonly SentSpan[] }[],
): Promise<void> {
  const resourceSpans = sent.map(({ resource, spans }) => ({
    resource: { attributes: keyValues(resource) },
    scopeSpans: [{ spans: spans.map(toOtlp) }],
  }))
  const response = await fetch(`${davy.otlpUrl}/v1/traces`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceSpans }) },
  })
  expect(response.status).toBe(200)
}

/** Asks until the answer is wanted; the test's own limit ends it. */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    await sleep(250)
  }
}
