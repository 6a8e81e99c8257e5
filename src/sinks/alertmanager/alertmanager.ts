import type { AttemptResult, Delivery, Ports, Sink } from '../../domain/sink.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { linkOptions, noticeIn } from '../message-options.ts'
import { platformResult, skipped } from '../platform-answer.ts'
import { type Alert, alertOf, isEndedBy, testAlert } from './alert.ts'

/** Davy tells an alert once, so it says itself how long it fires. */
const defaultFiringMinutes = 60

/** The alert that fires by an earlier message of the deployment; null: none does. */
function openAlert({ receipts, message }: Delivery): Alert | null {
  const receipt = receipts.findLast(({ of, alert }) => alert !== undefined && of !== message.id)
  return receipt?.alert === undefined || receipt.alert === '' ? null : (JSON.parse(receipt.alert) as Alert)
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, message, at, secrets, isOvertaken } = delivery
  const notice = noticeIn(delivery)
  const verdict = verdictOf(message)
  const minutes = Number(endpoint.options.firingMinutes ?? defaultFiringMinutes)
  // A rollback is never late: nothing that came after it takes it back.
  const isLate = isOvertaken && verdict?.decision !== 'rollback'
  const alert = verdict === null || isLate ? null : alertOf(verdict, notice, at, minutes)
  const open = openAlert(delivery)
  const ended =
    open !== null && !isLate && isEndedBy(message, open, alert) ? { ...open, endsAt: at.toISOString() } : null
  const test = message.type === 'endpoint.test' ? testAlert(at, notice) : null
  const alerts = [ended, alert, test].filter((each) => each !== null)
  if (alerts.length === 0) return skipped('no alert, and none that ends')
  const headers = {
    'content-type': 'application/json',
    ...(secrets[0] === undefined ? {} : { authorization: `Bearer ${secrets[0]}` }),
  }
  const url = `${endpoint.url.replace(/\/+$/, '')}/api/v2/alerts`
  const response = await http({ method: 'POST', url, headers, body: JSON.stringify(alerts) }, signal)
  const receipt = { of: message.id, alert: alert === null ? '' : JSON.stringify(alert) }
  return platformResult(response, delivery, 'Alertmanager', test === null ? receipt : undefined)
}

/** Alerts for rollbacks and for what waits for a person, at Alertmanager's API v2; routing and paging are its own. */
export function createAlertmanagerSink(): Sink {
  return {
    format: 'alertmanager',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {
        firingMinutes: {
          description: `how long an alert fires before it resolves by itself, 1 to 9999; ${defaultFiringMinutes} when absent`,
          pattern: /^[1-9]\d{0,3}$/,
        },
        ...linkOptions,
      },
      secret: {
        description: 'a bearer token, where something in front of Alertmanager asks for one',
        isRequired: false,
        pattern: /^[\x21-\x7e]+$/,
      },
      events: ['verdict.changed', 'deployment.finished'],
      canAct: false,
    },
    deliver,
  }
}
