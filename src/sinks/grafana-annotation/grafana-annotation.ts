import type { AttemptResult, Delivery, HttpResponse, Ports, Sink } from '../../domain/sink.ts'
import { escapeText } from '../../report/markup.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'
import { noticeIn } from '../message-options.ts'
import { failed, isSuccess, jsonIn, platformFault, platformResult, skipped } from '../platform-answer.ts'

const platform = 'Grafana'

/** Grafana's table of tags has 100 characters for the part before a colon and for the one after it. */
const longestTag = 100
const longestText = 4000

/** An annotation as Grafana's API takes it. Times are Unix milliseconds. */
type Annotation = {
  readonly time: number
  readonly timeEnd: number
  readonly tags: readonly string[]
  readonly text: string
}

/** Grafana shows the text as HTML. */
function textOf(notice: Notice): string {
  const { action, sentence, facts, remarks, links } = notice
  const lines = [`${action}: ${sentence}`, ...facts, remarks].filter((line) => line !== '').map(escapeText)
  const anchors = links.map(({ text, href }) => `<a href="${escapeText(href)}" target="_blank">${escapeText(text)}</a>`)
  return joined(anchors.length === 0 ? lines : [...lines, anchors.join(' · ')])
}

/** Whole lines only: half of an escaped character or of a link is none. */
function joined(lines: readonly string[]): string {
  return lines.reduce((text, line) => {
    const longer = text === '' ? line : `${text}\n${line}`
    return longer.length <= longestText ? longer : text
  }, '')
}

function tag(key: string, value: string): string {
  // A comma would make two tags of one where Grafana lists them.
  return `${key}:${clip(plainText(value).replaceAll(',', ' '), longestTag)}`
}

/** A region from the start of the rollout to where it is told to be. */
function annotationOf(delivery: Delivery, notice: Notice): Annotation {
  const { message, deployment, at } = delivery
  const time = message.type === 'endpoint.test' ? at.getTime() : Date.parse(message.time)
  const startedAt = deployment === null ? time : Math.min(Date.parse(deployment.startedAt), time)
  const unit =
    deployment === null ? [] : [tag('service', deployment.service), tag('environment', deployment.environment)]
  const decision = 'decision' in message.data ? [message.data.decision] : [notice.kind]
  const id = deployment === null ? [] : [tag('deployment', deployment.id)]
  return { time: startedAt, timeEnd: time, tags: ['davy', ...decision, ...unit, ...id], text: textOf(notice) }
}

/** The annotation that an earlier message of the deployment made, by its receipt or else by its tag. */
async function existing(
  delivery: Delivery,
  ask: (path: string) => Promise<HttpResponse>,
): Promise<{ readonly id: string | null; readonly fault: AttemptResult | null }> {
  const known = delivery.receipts.findLast(({ annotation }) => annotation !== undefined)?.annotation
  if (known !== undefined) return { id: known, fault: null }
  if (delivery.deployment === null) return { id: null, fault: null }
  const wanted = encodeURIComponent(tag('deployment', delivery.deployment.id))
  // An attempt whose answer was lost has left one behind.
  const response = await ask(`/api/annotations?tags=davy&tags=${wanted}&type=annotation&limit=1`)
  if (!isSuccess(response.status)) return { id: null, fault: platformFault(response, delivery, platform) }
  const found = jsonIn(response.text)
  const id = Array.isArray(found) ? (found[0] as { id?: unknown } | undefined)?.id : undefined
  return { id: typeof id === 'number' ? String(id) : null, fault: null }
}

async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
  const { endpoint, secrets, isOvertaken } = delivery
  if (isOvertaken) return skipped('a later message of the deployment was sent already')
  const { dashboard, panel } = endpoint.options
  const headers = { authorization: `Bearer ${secrets[0]}`, 'content-type': 'application/json' }
  const base = endpoint.url.replace(/\/+$/, '')
  const annotation = annotationOf(delivery, noticeIn(delivery))
  const { id, fault } = await existing(delivery, (path) =>
    http({ method: 'GET', url: `${base}${path}`, headers }, signal),
  )
  if (fault !== null) return fault
  if (id !== null) {
    const url = `${base}/api/annotations/${encodeURIComponent(id)}`
    const changed = await http({ method: 'PATCH', url, headers, body: JSON.stringify(annotation) }, signal)
    // Somebody may have deleted it; then it is made anew.
    if (changed.status !== 404) return platformResult(changed, delivery, platform, { annotation: id })
  }
  const place = {
    ...(dashboard === undefined ? {} : { dashboardUID: dashboard }),
    ...(panel === undefined ? {} : { panelId: Number(panel) }),
  }
  const body = JSON.stringify({ ...annotation, ...place })
  const made = await http({ method: 'POST', url: `${base}/api/annotations`, headers, body }, signal)
  if (!isSuccess(made.status)) return platformFault(made, delivery, platform)
  const answer = jsonIn(made.text) as { id?: unknown } | undefined
  if (typeof answer?.id !== 'number') return failed('Grafana did not say which annotation it made', made.status)
  return { outcome: 'delivered', status: made.status, receipt: { annotation: String(answer.id) } }
}

/** One annotation per deployment, a region that grows with it, by Grafana's annotations API. */
export function createGrafanaAnnotationSink(): Sink {
  return {
    format: 'grafana-annotation',
    signature: 'none',
    requires: {
      schemes: ['http', 'https'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {
        dashboard: {
          description: 'the uid of a dashboard; absent: every dashboard that asks for the tag davy',
          pattern: /^[\w-]{1,40}$/,
        },
        panel: { description: 'the number of a panel on that dashboard', pattern: /^\d{1,9}$/ },
      },
      secret: {
        description: 'the token of a service account with annotations:read, annotations:create and annotations:write',
        isRequired: true,
        pattern: /^[\x21-\x7e]+$/,
      },
      events: ['deployment.started', 'verdict.decided', 'deployment.finished'],
      canAct: false,
      fault: ({ options }) =>
        options.panel !== undefined && options.dashboard === undefined ? 'the option dashboard beside panel' : null,
    },
    deliver,
  }
}
