import type { AttemptResult, Delivery, Ports, Sink } from '../../domain/sink.ts'
import { linkOptions, noticeIn, toldReceipt, volumeFor } from '../message-options.ts'
import { platformResult, skipped } from '../platform-answer.ts'
import { teamsMessage } from './adaptive-card.ts'

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, message } = delivery
  if (volumeFor(delivery) === 'quiet') return skipped('a healthy step, which is not told')
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  const body = teamsMessage(noticeIn(delivery))
  const response = await http({ method: 'POST', url: endpoint.url, headers, body }, signal)
  return platformResult(response, delivery, 'Teams', toldReceipt(message))
}

/** Adaptive Cards to a Teams channel or chat, by the URL of a Workflows webhook, which is a secret. */
export function createTeamsSink(): Sink {
  return {
    format: 'teams',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: true,
      options: linkOptions,
      secret: null,
      events: ['verdict.changed', 'deployment.finished'],
      canAct: false,
    },
    deliver,
  }
}
