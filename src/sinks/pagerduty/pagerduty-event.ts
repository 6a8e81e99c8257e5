import type { DeploymentNotice, Message } from '../../domain/sink.ts'
import type { Verdict } from '../../domain/verdict.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'

/** What PagerDuty takes; a phone shows about 100 characters of a summary. */
const longest = { summary: 1024, dedupKey: 255, shown: 100, field: 1024 } as const

type Links = readonly { readonly href: string; readonly text: string }[]

/** The key of a deployment's incident: the same for its trigger and its resolve. */
export function dedupKeyOf({
  environment,
  service,
  id,
}: Pick<DeploymentNotice, 'environment' | 'service' | 'id'>): string {
  const tail = `:${id}`
  return `${clip(`davy:${plainText(environment)}:${plainText(service)}`, longest.dedupKey - tail.length)}${tail}`
}

function linksOf({ links }: Notice): Links {
  return links.map(({ href, text }) => ({ href, text }))
}

/** 'checkout 2.4.1 is to be rolled back in production: fails 3.1% of requests', with where it does if a phone shows that. */
function summaryOf(notice: Notice, did: string): string {
  const { service, canary, environment } = notice
  const head = `${service} ${canary} ${did} in ${environment}`
  const predicate = notice.predicate
  // What comes after the first comma is where; a summary that is too long goes without it before it is cut.
  const [short = predicate] = predicate.split(', ')
  const whole = `${head}: ${predicate}`
  return clip(whole.length <= longest.shown ? whole : `${head}: ${short}`, longest.summary)
}

/** A page: a rollback, told once per deployment whatever is sent again. */
export function triggerOf(verdict: Verdict, notice: Notice, routingKey: string): object {
  const { deploymentId, service, environment, decidedAt, reason } = verdict
  const { facts, remarks, standing } = notice
  const details = {
    what: facts[0],
    also: facts.slice(1).join('; '),
    known: remarks,
    standing,
    sentence: notice.sentence,
  }
  return {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: dedupKeyOf({ environment, service, id: deploymentId }),
    payload: {
      summary: summaryOf(notice, 'is to be rolled back'),
      severity: 'error',
      source: clip(plainText(service), longest.field) || 'davy',
      timestamp: decidedAt,
      component: clip(plainText(service), longest.field),
      group: clip(plainText(environment), longest.field),
      class: reason.code,
      custom_details: Object.fromEntries(
        Object.entries(details).filter(([, text]) => text !== undefined && text !== ''),
      ),
    },
    links: linksOf(notice),
    client: 'Davy',
    ...(notice.links[0] === undefined ? {} : { client_url: notice.links[0].href }),
  }
}

/** The end of a deployment's incident. */
export function resolveOf(deployment: DeploymentNotice, routingKey: string): object {
  return { routing_key: routingKey, event_action: 'resolve', dedup_key: dedupKeyOf(deployment) }
}

const changeWords = {
  promote: 'may be promoted',
  rollback: 'is to be rolled back',
  hold: 'on hold',
  nodata: 'on hold',
  waits: 'waits for you',
} as const

function changeSummary(notice: Notice): string {
  const { kind, code, sentence, isObserved } = notice
  if (kind === 'started' || kind === 'finished' || kind === 'test') return clip(sentence, longest.summary)
  if (isObserved && kind === 'rollback') return summaryOf(notice, 'would be rolled back')
  return summaryOf(notice, code === 'OVERRIDDEN' ? 'overridden' : changeWords[kind])
}

/** A change event, which pages nobody and stands beside incidents. */
export function changeOf(notice: Notice, message: Message, routingKey: string): object {
  return {
    routing_key: routingKey,
    payload: {
      summary: changeSummary(notice),
      timestamp: message.time,
      source: 'davy',
      custom_details: {
        ...{ service: notice.service, environment: notice.environment, version: notice.canary, reason: notice.code },
        ...{ sentence: notice.sentence, facts: notice.facts.join('; '), known: notice.remarks, message: message.id },
      },
    },
    links: linksOf(notice),
  }
}
