import type { AttemptResult, Delivery, HttpResponse, Ports, Receipt, Sink } from '../../domain/sink.ts'
import type { Verdict } from '../../domain/verdict.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { linkOptions, noticeIn, toldReceipt, volumeFor } from '../message-options.ts'
import { isSuccess, platformFault, skipped } from '../platform-answer.ts'
import { changeOf, dedupKeyOf, resolveOf, triggerOf } from './pagerduty-event.ts'

const apiUrl = 'https://events.pagerduty.com'

/** Only Davy's own verdict pages, and only where it acts: a person who rolls back knows it already. */
function isPage(verdict: Verdict | null): verdict is Verdict {
  return verdict?.decision === 'rollback' && verdict.mode === 'enforce' && verdict.reason.code !== 'OVERRIDDEN'
}

function hasIncident(receipts: readonly Receipt[]): boolean {
  return receipts.some(({ incident }) => incident !== undefined)
}

/** The Events API takes an event with 202; a 400 says that it never will. */
function resultOf(response: HttpResponse, delivery: Delivery, receipt: Receipt): AttemptResult {
  if (!isSuccess(response.status)) return platformFault(response, delivery, 'PagerDuty')
  return { outcome: 'delivered', status: response.status, receipt }
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, secrets, message, receipts } = delivery
  const routingKey = secrets[0] ?? ''
  const notice = noticeIn(delivery)
  const receipt = toldReceipt(message)
  const send = async (path: string, event: object, left: Receipt): Promise<AttemptResult> => {
    const url = `${endpoint.url.replace(/\/+$/, '')}${path}`
    const headers = { 'content-type': 'application/json' }
    return resultOf(await http({ method: 'POST', url, headers, body: JSON.stringify(event) }, signal), delivery, left)
  }
  const sendChange = () => send('/v2/change/enqueue', changeOf(notice, message, routingKey), receipt)
  const verdict = verdictOf(message)
  if (isPage(verdict)) {
    const { deploymentId: id, service, environment } = verdict
    const incident = dedupKeyOf({ id, service, environment })
    return send('/v2/enqueue', triggerOf(verdict, notice, routingKey), { ...receipt, incident })
  }
  if (message.type === 'deployment.finished') {
    if (hasIncident(receipts) && endpoint.options.resolve !== 'never') {
      return send('/v2/enqueue', resolveOf(message.data, routingKey), receipt)
    }
    if (message.data.outcome === 'promoted') return sendChange()
  }
  if (message.type === 'deployment.started') return sendChange()
  return volumeFor(delivery) === 'quiet' ? skipped('a healthy step, which is not told') : sendChange()
}

/** Incidents for rollbacks and change events for starts, promotes and holds, by PagerDuty's Events API v2. */
export function createPagerdutySink(): Sink {
  return {
    format: 'pagerduty',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: apiUrl,
      isUrlSecret: false,
      options: {
        resolve: {
          description:
            'when the incident of a rollback is resolved: traffic (the default) once the canary gets no more requests or the rollback was said to be done, and never where telemetry does not show it; finished: when the deployment is closed, which is at once; never: by a person',
          pattern: /^(traffic|finished|never)$/,
        },
        ...linkOptions,
      },
      secret: {
        description: 'the integration key of a service for the Events API v2, 32 characters',
        isRequired: true,
        pattern: /^[A-Za-z0-9]{32}$/,
      },
      events: ['deployment.started', 'verdict.changed', 'deployment.finished'],
      canAct: false,
      waitsForTraffic: ({ options }, receipts) => (options.resolve ?? 'traffic') === 'traffic' && hasIncident(receipts),
    },
    deliver,
  }
}
