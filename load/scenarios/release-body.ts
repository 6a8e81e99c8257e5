import type { Writer } from 'protobufjs'
import { attribute, durationMs, oneOf, randomId, text, time } from '../ingest/otlp-parts.ts'

/** One version of a service: three pods, and how many of its requests fail. */
export type Release = { readonly service: string; readonly version: string; readonly shareFailing: number }

const pods = ['a', 'b', 'c']
const routes = ['/pay', '/cart', '/items']
const serverKind = 2
const errorStatus = 2

/**
 * An OTLP request in protobuf (ExportTraceServiceRequest) with so many requests of each pod, which ended within the second
 * before `atMs` (Unix milliseconds). It runs in k6, where protobufjs is there only as the bundle that the caller has.
 * @param random uniform in [0, 1).
 */
export function writeRelease(
  writer: Writer,
  release: Release,
  perPod: number,
  atMs: number,
  random: () => number,
): void {
  const { service, version, shareFailing } = release
  for (const pod of pods) {
    writer.uint32(1 * 8 + 2).fork()
    writer.uint32(1 * 8 + 2).fork()
    attribute(writer, 1, 'service.name', service)
    attribute(writer, 1, 'service.version', version)
    attribute(writer, 1, 'k8s.pod.name', `${service}-${version}-${pod}`)
    writer.ldelim()
    writer.uint32(2 * 8 + 2).fork()
    for (let i = 0; i < perPod; i++) request(writer, random() < shareFailing, atMs - random() * 1000, random)
    writer.ldelim().ldelim()
  }
}

function request(writer: Writer, isFailing: boolean, endMs: number, random: () => number): void {
  const route = oneOf(routes, random)
  writer.uint32(2 * 8 + 2).fork()
  writer.uint32(1 * 8 + 2).bytes(randomId(16, random))
  writer.uint32(2 * 8 + 2).bytes(randomId(8, random))
  text(writer, 5, `POST ${route}`)
  writer.uint32(6 * 8).int32(serverKind)
  time(writer, 7, endMs - durationMs(20, random))
  time(writer, 8, endMs)
  attribute(writer, 9, 'http.request.method', 'POST')
  attribute(writer, 9, 'http.route', route)
  if (isFailing)
    writer
      .uint32(15 * 8 + 2)
      .fork()
      .uint32(3 * 8)
      .int32(errorStatus)
      .ldelim()
  writer.ldelim()
}
