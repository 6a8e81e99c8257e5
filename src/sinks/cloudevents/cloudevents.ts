import type { AttemptResult, Delivery, Ports, Sink, SinkOptions } from '../../domain/sink.ts'
import { resultOf } from '../result-of.ts'
import { cloudEventBody } from './cloud-event.ts'

/** Posts each message as a CloudEvent in structured JSON, signed by Standard Webhooks. It has something to say about all. */
export function createCloudEventsSink({ publicUrl }: SinkOptions): Sink {
  async function deliver(
    { endpoint, message, at }: Delivery,
    { http }: Ports,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const headers = { 'content-type': 'application/cloudevents+json' }
    const body = cloudEventBody(message, publicUrl)
    return resultOf(await http({ method: 'POST', url: endpoint.url, headers, body }, signal), at)
  }

  return {
    format: 'cloudevents',
    signature: 'standard-webhooks',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {},
      secret: { description: 'a Standard Webhooks secret', isRequired: true },
      events: ['verdict.changed'],
      canAct: false,
    },
    deliver,
  }
}
