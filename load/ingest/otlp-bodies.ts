import protobuf from 'protobufjs/minimal.js'
import { fleet, type Pod } from './fleet.ts'
import { logRecord } from './log-record.ts'
import { metricsOf } from './metric-points.ts'
import { resource, scope } from './otlp-parts.ts'
import { spansOf } from './spans.ts'

export type Signal = 'traces' | 'metrics' | 'logs'
export const signals: readonly Signal[] = ['traces', 'metrics', 'logs']

/** Spans, points or records in one body. */
export const itemsPerBody = 1000
/** Pods whose telemetry shares a body, as a gateway gathers it. */
const podsPerBody = 5
const itemsPerPod = itemsPerBody / podsPerBody

/**
 * One export request in OTLP's protobuf with {@link itemsPerBody} items: five pods with fourteen resource attributes
 * each, random ids, values and texts, so that no two bodies are alike.
 * @param atMs Unix milliseconds of the newest item; the others lie within the second before.
 * @param random uniform in [0, 1).
 */
export function otlpBody(signal: Signal, atMs: number, random: () => number): Uint8Array {
  const writer = protobuf.Writer.create()
  const first = Math.floor(random() * fleet.length)
  for (let i = 0; i < podsPerBody; i++) {
    // Pods of one body belong to different services, as they do at a gateway.
    const pod = fleet[(first + i * 37) % fleet.length] as Pod
    writer.uint32(1 * 8 + 2).fork()
    resource(writer, pod)
    writer.uint32(2 * 8 + 2).fork()
    scope(writer, signal)
    if (signal === 'traces') spansOf(writer, itemsPerPod, atMs, random)
    else if (signal === 'metrics') metricsOf(writer, itemsPerPod, atMs, random)
    else for (let n = 0; n < itemsPerPod; n++) logRecord(writer, atMs, random)
    writer.ldelim().ldelim()
  }
  return writer.finish()
}
