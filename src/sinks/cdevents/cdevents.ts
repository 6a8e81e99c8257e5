import type { AttemptResult, Delivery, Ports, Sink, SinkOptions } from '../../domain/sink.ts'
import { noticeIn } from '../message-options.ts'
import { skipped } from '../platform-answer.ts'
import { resultOf } from '../result-of.ts'
import { cdEventOf } from './cd-event.ts'

/** CloudEvents' headers take printable ASCII; the rest, space, quotes and per cent are percent-encoded UTF-8. */
function headerValue(text: string): string {
  return text.replace(/[^\x21\x23\x24\x26-\x7e]+/gu, encodeURIComponent)
}

/** CDEvents over CloudEvents in binary mode, signed by Standard Webhooks. */
export function createCdEventsSink({ publicUrl }: SinkOptions): Sink {
  async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
    const { endpoint, message, receipts } = delivery
    const event = cdEventOf(message, noticeIn(delivery), publicUrl)
    if (event === null) return skipped('CDEvents has no event for it: a run of a test suite starts and finishes')
    const isFinish = event.context.type.startsWith('dev.cdevents.testsuiterun.finished.')
    const isTold = receipts.some(({ of, end }) => end !== undefined && of !== message.id)
    if (isFinish && isTold) return skipped('the end of the run was told already')
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': headerValue(message.id),
      'ce-source': headerValue(publicUrl),
      'ce-type': event.context.type,
      'ce-subject': headerValue(message.subject),
      'ce-time': message.time,
    }
    const body = JSON.stringify(event)
    const receipt = isFinish ? { of: message.id, end: event.context.type } : undefined
    return resultOf(await http({ method: 'POST', url: endpoint.url, headers, body }, signal), delivery.at, receipt)
  }

  return {
    format: 'cdevents',
    signature: 'standard-webhooks',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {},
      secret: { description: 'a Standard Webhooks secret', isRequired: true },
      events: ['deployment.started', 'verdict.decided', 'deployment.finished'],
      canAct: false,
    },
    deliver,
  }
}
