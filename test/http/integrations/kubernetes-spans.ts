import { type Davy, protobufTraces, type RequestSpan, until } from '../../davy.ts'
import { callerOf } from '../client.ts'

/** Tokens of the roles ingest and viewer, where Davy wants them. */
export type Tokens = { readonly ingest: string; readonly viewer: string }

/**
 * Sends some requests of one replica set of a service, as pods with the Kubernetes attributes do, and waits until they are
 * stored.
 */
export async function sendPods(
  davy: Pick<Davy, 'url' | 'otlpUrl'>,
  pods: { readonly service: string; readonly owner: string; readonly hash: string; readonly version?: string },
  tokens?: Tokens,
): Promise<void> {
  const { service, owner, hash, version = '' } = pods
  const endAt = Date.now()
  const span = (index: number): RequestSpan => ({
    ...{ service, version, endAt: endAt - index, pod: `${owner}-${hash}-x7k2${index % 2}` },
    resource: { 'k8s.namespace.name': 'shop', 'k8s.replicaset.name': `${owner}-${hash}` },
  })
  const stored = async () => {
    const { status, body } = await callerOf(davy)(
      'GET',
      `/api/v1/services/${service}`,
      undefined,
      bearer(tokens?.viewer),
    )
    if (status !== 200) return 0
    return (body.versions as { requests: number }[]).reduce((sum, { requests }) => sum + requests, 0)
  }
  const before = await stored()
  const spans = Array.from({ length: 6 }, (_, index) => span(index))
  const response = await fetch(`${davy.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', ...bearer(tokens?.ingest) },
    body: new Uint8Array(protobufTraces(spans)),
  })
  if (response.status !== 200) throw new Error(`spans were not taken: ${response.status} ${await response.text()}`)
  await until(async () => (await stored()) >= before + spans.length, `requests of ${owner}-${hash}`)
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}
