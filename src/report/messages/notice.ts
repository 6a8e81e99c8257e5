import { cohortLabel, type Unit } from '../../domain/cohort.ts'
import { formatDuration, formatTime, missing } from '../../domain/format.ts'
import type { DeploymentNotice, Message } from '../../domain/sink.ts'
import type { Judgement, Verdict } from '../../domain/verdict.ts'
import { counted } from '../figures.ts'
import { shortName, shortVersion } from '../names.ts'
import { isBlind, verdictWords } from '../state.ts'
import { effectLine } from './effect-line.ts'
import { outcomeSentence, startSentence, weightWords } from './lifecycle.ts'
import { type Link, linksOf } from './links.ts'
import { clip, plainText } from './plain-text.ts'

/** Most UTF-16 units of the parts; names and versions are shortened as on the pages. */
const longest = { sentence: 300, fact: 200, remarks: 1000 } as const

/** What a message is about. `waits`: a person must decide. `nodata`: there was nothing to judge. */
export type NoticeKind = 'rollback' | 'promote' | 'hold' | 'waits' | 'nodata' | 'started' | 'finished' | 'test'

/**
 * A message's parts before a format clothes them: the sentence, then numbers with intervals, then links. All text is
 * plain and on one line; nothing in it is escaped. All of it together has less than 8,000 characters, so that a format
 * that escapes each of them still fits what its platform takes.
 */
export type Notice = {
  readonly kind: NoticeKind
  /** In two or three words what it says: 'Roll back', 'Hold, no data', 'Waits for you'. */
  readonly action: string
  readonly service: string
  readonly environment: string
  readonly namespace: string
  readonly baseline: string
  readonly canary: string
  /** What, where, by how much; names the service. */
  readonly sentence: string
  /** The same without the service's name, where a heading has said it. */
  readonly shortSentence: string
  /** The same without the version and the full stop: 'fails 3.1% of requests against 0.50% for 2.4.0'. */
  readonly predicate: string
  /** At most three effects, each with its interval and margin. */
  readonly facts: readonly string[]
  /** Since when, how much harm, what next; '' when nothing more is known. */
  readonly remarks: string
  /** How far the rollout is, or how it ended; '' when nobody told. */
  readonly standing: string
  readonly links: readonly Link[]
  /** The verdict's reason, or the outcome of a deployment. */
  readonly code: string
  /** Nothing acts on the verdict of a deployment that is only observed. */
  readonly isObserved: boolean
}

/**
 * The parts of a message.
 * @param deployment as it stands when the message goes out.
 * @param options of the endpoint; its link addresses are used.
 */
export function noticeOf(
  message: Message,
  deployment: DeploymentNotice | null,
  options: Readonly<Record<string, string>>,
): Notice {
  switch (message.type) {
    case 'endpoint.test':
      return testNotice(message.data.note)
    case 'deployment.started':
    case 'deployment.finished':
      return lifecycleNotice(message.type, message.data, options)
    case 'verdict.changed':
    case 'verdict.decided':
      return verdictNotice(message.data, deployment, options)
  }
}

/** The verdict that a message tells, or null when it tells of something else. */
export function verdictOf(message: Message): Verdict | null {
  return message.type === 'verdict.changed' || message.type === 'verdict.decided' ? message.data : null
}

function testNotice(note: string): Notice {
  const sentence = plainText(note)
  return {
    ...{ kind: 'test', action: 'Test', service: 'Davy', environment: '', namespace: '', baseline: '', canary: '' },
    ...{
      sentence,
      shortSentence: sentence,
      predicate: sentence,
      facts: [],
      remarks: '',
      standing: '',
      links: [],
      code: 'TEST',
    },
    isObserved: false,
  }
}

function lifecycleNotice(
  type: 'deployment.started' | 'deployment.finished',
  deployment: DeploymentNotice,
  options: Readonly<Record<string, string>>,
): Notice {
  const isStart = type === 'deployment.started'
  const told = isStart ? startSentence(deployment) : outcomeSentence(deployment)
  const until = Date.parse(deployment.endedAt ?? deployment.startedAt)
  return {
    kind: isStart ? 'started' : 'finished',
    action: told.action,
    ...unitOf(deployment),
    baseline: deployment.baseline === null ? missing : versionOf(cohortLabel(deployment.baseline)),
    canary: versionOf(cohortLabel(deployment.canary)),
    sentence: `${unitOf(deployment).service} ${told.sentence}`,
    shortSentence: told.sentence,
    predicate: predicateOf(told.sentence, versionOf(cohortLabel(deployment.canary))),
    facts: [],
    remarks: told.remarks,
    standing: '',
    links: linksOf(deployment.reportUrl, deployment, options, until),
    code: isStart ? 'STARTED' : (deployment.outcome ?? 'closed').toUpperCase().replaceAll('-', '_'),
    isObserved: deployment.mode === 'observe',
  }
}

function verdictNotice(
  verdict: Verdict,
  deployment: DeploymentNotice | null,
  options: Readonly<Record<string, string>>,
): Notice {
  const { reason, baseline, canary } = verdict
  const kind = kindOf(verdict)
  const sentence = clip(plainText(reason.summary), longest.sentence)
  const shortSentence = withoutService(sentence, plainText(verdict.service))
  const facts = factsOf(verdict)
  return {
    kind,
    action: actionOf(verdict, kind),
    ...unitOf(verdict),
    baseline: versionOf(baseline.version),
    canary: versionOf(canary.version),
    sentence,
    shortSentence,
    predicate: predicateOf(shortSentence, versionOf(canary.version)),
    facts: facts.lines,
    remarks: clip(remarksOf(reason.detail, facts), longest.remarks),
    standing: standingOf(verdict, deployment),
    links: linksOf(verdict.reportUrl, deployment, options, Date.parse(verdict.decidedAt)),
    code: reason.code,
    isObserved: verdict.mode === 'observe',
  }
}

function unitOf({ service, environment, namespace }: Unit): Unit {
  const short = (name: string) => shortName(plainText(name))
  return { service: short(service), environment: short(environment), namespace: short(namespace) }
}

function versionOf(name: string | null): string {
  return name === null ? missing : shortVersion(plainText(name))
}

function kindOf({ decision, reason, final }: Verdict): NoticeKind {
  if (decision !== 'hold') return decision
  if (reason.code === 'DEADLINE' && !final) return 'waits'
  return isBlind(reason.code) ? 'nodata' : 'hold'
}

function actionOf({ decision, reason }: Verdict, kind: NoticeKind): string {
  if (reason.code === 'OVERRIDDEN') return 'Overridden'
  return kind === 'waits' ? 'Waits for you' : verdictWords(decision, reason.code)
}

/** 'checkout 2.4.1 fails …' as '2.4.1 fails …'; a sentence that begins otherwise stays. */
function withoutService(sentence: string, service: string): string {
  if (service === '' || !sentence.startsWith(`${service} `)) return sentence
  const rest = sentence.slice(service.length + 1)
  return rest === '' ? sentence : rest
}

/** 'fails …' of '2.4.1 fails ….'; a sentence that begins otherwise loses its full stop only. */
function predicateOf(sentence: string, version: string): string {
  const isSubject = sentence.startsWith(`${version} `) || sentence.startsWith(`${version}: `)
  return (isSubject ? sentence.slice(version.length).replace(/^:? /, '') : sentence).replace(/\.$/, '')
}

/** At most three effects, and whether they are all that there are to tell. */
type Facts = { readonly lines: readonly string[]; readonly areAll: boolean }

/** Harm that is shown or likely, or what was ruled out; what most of the evidence is about comes first. */
function factsOf({ decision, metrics, reason }: Verdict): Facts {
  const isPromote = decision === 'promote' && reason.code === 'HARM_RULED_OUT'
  const isTelling = ({ finding, critical }: Judgement) =>
    isPromote ? critical : finding === 'harm-shown' || finding === 'harm-likely'
  const told = metrics
    .filter(isTelling)
    .toSorted((a, b) => (isPromote ? a.promoteEValue - b.promoteEValue : b.weight * b.eValue - a.weight * a.eValue))
  const lines = told.flatMap((metric) => effectLine(metric, isPromote) ?? []).slice(0, 3)
  return {
    lines: lines.map((fact) => clip(fact, longest.fact)),
    areAll: lines.length > 0 && lines.length === told.length,
  }
}

/** The judge's own words, less its sentences about effects where all of these stand beside them as facts. */
function remarksOf(detail: string, { areAll }: Facts): string {
  const sentences = plainText(detail).split(/(?<=[.!?])\s+(?=\p{Lu})/u)
  const isFact = /\byour margin is\b|^Harm beyond your promote margins is ruled out:/
  return sentences.filter((sentence) => !areAll || !isFact.test(sentence)).join(' ')
}

/** 'Canary at 5%, 2 pods, 8 min 30 s since 09:51.', and how it ended where it did. */
function standingOf({ metrics, decidedAt, decision }: Verdict, deployment: DeploymentNotice | null): string {
  if (deployment === null) return ''
  const pods = Math.max(0, ...metrics.map(({ canary }) => canary.pods))
  const weight = deployment.progress.findLast((step) => step.weight !== null)?.weight ?? deployment.plannedWeight
  const startedAt = Date.parse(deployment.startedAt)
  const parts = [
    weight === null ? 'Canary' : `Canary at ${weightWords(weight)}`,
    pods === 0 ? null : counted(pods, 'pod'),
    `${formatDuration((Date.parse(decidedAt) - startedAt) / 1000)} since ${formatTime(startedAt)}`,
  ]
  const standing = `${parts.filter((part) => part !== null).join(', ')} UTC.`
  const isEnded = deployment.status === 'closed' && deployment.outcome !== null && decision !== 'rollback'
  return isEnded ? `${standing} ${outcomeSentence(deployment).remarks}` : standing
}
