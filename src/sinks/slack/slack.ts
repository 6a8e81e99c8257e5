import type { AttemptResult, Delivery, Ports, Receipt, Sink } from '../../domain/sink.ts'
import { verdictOf } from '../../report/messages/notice.ts'
import { linkOptions, noticeIn, toldReceipt, volumeFor } from '../message-options.ts'
import { failed, isSuccess, skipped } from '../platform-answer.ts'
import { incomingFault, isLost, type SlackAnswer, slackAnswer, slackFault } from './slack-answer.ts'
import { type SlackMessage, slackLine, slackMessage } from './slack-message.ts'

const apiUrl = 'https://slack.com/api'

/** Where a deployment's thread hangs. */
type Root = { readonly channel: string; readonly ts: string }

/** Whom the endpoint wants called; of messages that are broadcast only. */
function mentionFor(delivery: Delivery): string | null {
  return volumeFor(delivery) === 'broadcast' ? (delivery.endpoint.options.mention ?? null) : null
}

/** The root of the deployment's thread; the newest, since one that was deleted is replaced. */
function rootOf({ receipts }: Delivery): Root | null {
  const receipt = receipts.findLast(({ channel, ts }) => channel !== undefined && ts !== undefined)
  return receipt === undefined ? null : { channel: receipt.channel!, ts: receipt.ts! }
}

/** A delivery with its way out. */
type Way = { readonly delivery: Delivery; readonly http: Ports['http']; readonly signal: AbortSignal }

/** One call of the Web API: the answer and, where it is no success, what it means. */
async function callSlack(
  { delivery, http, signal }: Way,
  method: string,
  body: object,
): Promise<{ readonly answer: SlackAnswer | null; readonly fault: AttemptResult | null }> {
  const { endpoint, secrets, message } = delivery
  const url = `${endpoint.url.replace(/\/+$/, '')}/${method}`
  const headers = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${secrets[0]}` }
  // The id tells whoever reads the channel by program which messages are the same one, sent twice.
  const metadata = { event_type: 'davy_message', event_payload: { id: message.id } }
  const response = await http({ method: 'POST', url, headers, body: JSON.stringify({ ...body, metadata }) }, signal)
  const answer = slackAnswer(response)
  return { answer, fault: answer?.ok ? null : slackFault(response, answer, delivery) }
}

/** Posts a message that others may become replies to. */
async function postRoot(way: Way, text: SlackMessage, receipt: Receipt): Promise<AttemptResult> {
  const channel = way.delivery.endpoint.options.channel ?? ''
  const { answer, fault } = await callSlack(way, 'chat.postMessage', { channel, ...text, unfurl_links: false })
  if (fault !== null || !answer?.ok) return fault ?? failed('Slack did not say where the message is')
  return { outcome: 'delivered', status: 200, receipt: { ...receipt, channel: answer.channel, ts: answer.ts } }
}

/**
 * With a token: one message per deployment that is edited as the rollout goes on, and a thread under it in which what
 * is worth telling is told; the loud of it is broadcast to the channel.
 */
async function deliverByToken(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { message, isOvertaken } = delivery
  const way = { delivery, http, signal }
  const volume = volumeFor(delivery)
  const notice = noticeIn(delivery)
  const whole = slackMessage(notice, mentionFor(delivery))
  if (message.type === 'endpoint.test') return postRoot(way, whole, {})
  const root = rootOf(delivery)
  if (root === null) {
    // A rollback is never late: nothing that came after it takes it back.
    if (isOvertaken && volume !== 'broadcast') return skipped('a later message of the deployment was sent already')
    if (volume === 'quiet' && message.type !== 'deployment.started') return skipped('a healthy step, which is not told')
    return postRoot(way, whole, toldReceipt(message))
  }
  // The end of a deployment has no numbers to show: what the verdict said stays, and the thread tells the end.
  const isEdit = !isOvertaken && verdictOf(message) !== null
  if (isEdit) {
    const { answer, fault } = await callSlack(way, 'chat.update', { ...root, ...slackMessage(notice, null) })
    if (isLost(answer)) return postRoot(way, whole, toldReceipt(message))
    if (fault !== null) return fault
  }
  if (volume === 'quiet') {
    if (!isEdit) return skipped('nothing that the thread does not say already')
    return { outcome: 'delivered', status: 200, note: 'the first message was edited', receipt: root }
  }
  const broadcast = volume === 'broadcast' ? { reply_broadcast: true } : {}
  const place = { channel: root.channel, thread_ts: root.ts, ...broadcast, unfurl_links: false }
  const line = slackLine(notice, mentionFor(delivery))
  const { answer, fault } = await callSlack(way, 'chat.postMessage', { ...place, ...line })
  if (isLost(answer)) return postRoot(way, whole, toldReceipt(message))
  return fault ?? { outcome: 'delivered', status: 200, receipt: { ...root, ...toldReceipt(message) } }
}

/** By an incoming webhook: no threads and no edits, so only what is worth a message. */
async function deliverByWebhook(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, message } = delivery
  if (volumeFor(delivery) === 'quiet') return skipped('a healthy step, which is not told')
  const body = JSON.stringify({ ...slackMessage(noticeIn(delivery), mentionFor(delivery)), unfurl_links: false })
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  const response = await http({ method: 'POST', url: endpoint.url, headers, body }, signal)
  if (!isSuccess(response.status)) return incomingFault(response, delivery)
  return { outcome: 'delivered', status: response.status, receipt: toldReceipt(message) }
}

/**
 * Messages to a Slack channel: by an incoming webhook, whose URL is a secret, or by a bot token (scope `chat:write`) with
 * one thread per deployment.
 */
export function createSlackSink(): Sink {
  return {
    format: 'slack',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: apiUrl,
      isUrlSecret: true,
      options: {
        channel: {
          description: 'with a token: the id of a channel, as C0123456789',
          pattern: /^[CGD][A-Z0-9]{2,}$/,
        },
        mention: {
          description: 'whom a broadcast calls: the id of a user group or a user, as S0123456789 or U0123456789',
          pattern: /^[SUW][A-Z0-9]{2,}$/,
        },
        ...linkOptions,
      },
      secret: {
        description: 'a bot token, as xoxb-…; none with an incoming webhook',
        isRequired: false,
        pattern: /^xox[a-z]-\S+$/,
      },
      events: ['deployment.started', 'verdict.changed', 'deployment.finished'],
      canAct: false,
      fault: ({ url, options }, hasSecret) => {
        const isApi = url.replace(/\/+$/, '').endsWith('/api')
        if (hasSecret) {
          if (!isApi) return `a token goes to Slack's API, ${apiUrl}; an incoming webhook takes none`
          return options.channel === undefined ? 'with a token the option channel, as C0123456789' : null
        }
        return isApi ? 'the URL of an incoming webhook, or a bot token as the secret and the option channel' : null
      },
    },
    deliver: (delivery, ports, signal) =>
      delivery.secrets.length > 0 ? deliverByToken(delivery, ports, signal) : deliverByWebhook(delivery, ports, signal),
  }
}
