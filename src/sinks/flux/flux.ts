import { createHmac } from 'node:crypto'
import type { AttemptResult, Delivery, Ports, Sink } from '../../domain/sink.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'
import { noticeIn } from '../message-options.ts'
import { skipped } from '../platform-answer.ts'
import { resultOf } from '../result-of.ts'

const longestMessage = 1024

/** Why Flux should look again, in the form of its own reasons. */
const reasons = { promote: 'VerdictPromote', rollback: 'VerdictRollback', hold: 'VerdictHold' } as const

/** An event in the shape of Flux's notification-controller, so that whatever takes its `generic` provider takes ours. */
function eventOf(delivery: Delivery): object | null {
  const { message, deployment } = delivery
  const notice = noticeIn(delivery)
  const verdict = verdictOf(message)
  if (message.type !== 'endpoint.test' && (verdict === null || verdict.decision === 'hold')) return null
  const [report] = notice.links
  return {
    involvedObject: {
      apiVersion: 'davy.dev/v1',
      kind: 'Deployment',
      name: plainText(verdict?.service ?? 'davy'),
      namespace: plainText(verdict?.namespace ?? ''),
      uid: message.subject,
    },
    severity: verdict?.decision === 'rollback' ? 'error' : 'info',
    timestamp: message.time,
    message: clip([notice.sentence, ...notice.facts].join('; '), longestMessage),
    reason: verdict === null ? 'Test' : reasons[verdict.decision],
    metadata: {
      id: message.id,
      ...(verdict === null ? {} : { environment: plainText(verdict.environment), code: verdict.reason.code }),
      ...(deployment === null ? {} : { strategy: deployment.strategy, mode: deployment.mode }),
      ...(verdict?.canary.version == null ? {} : { revision: plainText(verdict.canary.version) }),
      ...(report === undefined ? {} : { report: report.href }),
    },
    reportingController: 'davy',
    reportingInstance: 'davy',
  }
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, secrets } = delivery
  const event = eventOf(delivery)
  if (event === null) return skipped('Flux is told of promotes and rollbacks')
  const body = JSON.stringify(event)
  const [key] = secrets
  const headers = {
    'content-type': 'application/json',
    'gotk-component': 'davy',
    ...(key === undefined ? {} : { 'x-signature': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` }),
  }
  return resultOf(await http({ method: 'POST', url: endpoint.url, headers, body }, signal), delivery.at)
}

/**
 * Events to a Receiver of Flux, `generic-hmac` with a secret (the `token` of its Secret) and `generic` without, which
 * makes it reconcile; or to anything that takes Flux's own events.
 */
export function createFluxSink(): Sink {
  return {
    format: 'flux',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: true,
      options: {},
      secret: { description: 'the token of a generic-hmac Receiver; none for a generic one', isRequired: false },
      events: ['verdict.decided'],
      canAct: false,
    },
    deliver,
  }
}
