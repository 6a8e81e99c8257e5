import type { Deployment } from '../domain/deployment.ts'
import { formatDuration, formatTime } from '../domain/format.ts'
import type { ReasonCode, Verdict } from '../domain/verdict.ts'
import { balance, pauseAt } from './charts/balance.ts'
import { axisHead, block, chart, word } from './charts/svg.ts'
import { documentOf, section } from './document.ts'
import { capital, counted, countWord, formatDate, formatMoment } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { cohortNames, deploymentPath, serviceName, versionArrow } from './names.ts'
import type { FleetInput } from './report-input.ts'
import { badge, overrideBadge, stateWord, toneOf, verdictWords } from './state.ts'

type Member = { readonly deployment: Deployment; readonly verdict: Verdict | null }

const mostDecided = 50

/** Reasons that time alone does not cure: somebody has to look. */
const needsPerson: ReadonlySet<ReasonCode> = new Set([
  'DEADLINE',
  'SAMPLE_RATIO_MISMATCH',
  'TELEMETRY_LOSS',
  'SAMPLING_DIFFERS',
  'COHORTS_OVERLAP',
  'NO_BASELINE_DATA',
  'CANARY_SILENT',
  'CHECK_FAILED',
])

function deadlineOf(deployment: Deployment): number {
  return Date.parse(deployment.startedAt) + deployment.template.deadlineSeconds * 1000
}

/** An open deployment that is to be rolled back, or held for good or past its deadline. */
function waits({ deployment, verdict }: Member, now: number): boolean {
  if (verdict === null) return now > deadlineOf(deployment)
  if (verdict.decision === 'rollback') return true
  return verdict.decision === 'hold' && (needsPerson.has(verdict.reason.code) || now > deadlineOf(deployment))
}

function isPaused({ verdict }: Member): boolean {
  return verdict !== null && verdict.decision === 'hold' && verdict.confidence.eValue >= pauseAt
}

function place(deployment: Deployment): string {
  return [deployment.namespace, deployment.environment].filter((part) => part !== '').join(' / ')
}

function waitCard({ deployment, verdict }: Member, now: number): Markup {
  const since = formatDuration((now - Date.parse(deployment.startedAt)) / 1000)
  const sentence =
    verdict?.reason.summary ?? `${deployment.service} ${cohortNames(deployment).canary} has no verdict yet.`
  const told = verdict?.decision === 'rollback' ? 'It is to be rolled back and still open. ' : ''
  const detail = verdict === null || verdict.reason.detail === '' ? '' : `${verdict.reason.detail} `
  const path = deploymentPath(deployment.id)
  return html`<div class="panel wait"><div>${badge(verdict?.decision ?? 'hold', verdict?.reason.code ?? 'NO_CANARY_DATA', true)} <span class="versions"><b>${serviceName(deployment.service, '')}</b> ${place(deployment)} ${versionArrow(deployment)}</span>
<h3>${sentence}</h3><p class="muted">${told}${detail}Started ${since} ago.</p></div>
<p class="acts"><a class="button main" href="${path}">Open</a></p></div>
`
}

function nameCell(deployment: Deployment): Markup {
  return html`<th scope="row"><a href="${deploymentPath(deployment.id)}">${serviceName(deployment.service)}</a><span class="sub2">${place(deployment)} · ${versionArrow(deployment)}</span></th>`
}

function weightCell(deployment: Deployment): Markup {
  const steps = deployment.progress.flatMap((step) => (step.weight === null ? [] : [step.weight]))
  const weight = steps.at(-1) ?? deployment.plannedWeight
  if (weight === null) return html`<td class="weight faint">not told</td>`
  const planned = steps.length === 0 ? ' planned' : ''
  return html`<td class="weight">${chart(12, `weight ${weight}%${planned}`, block('w-sunken', 0, 1, 4, 5), block('f-canary', 0, Math.min(1, weight / 100), 4, 5))}<span class="step">${weight}%${planned}</span></td>`
}

function decisionWords({ deployment, verdict }: Member): string {
  if (verdict !== null && verdict.decision !== 'hold') return formatTime(Date.parse(verdict.decidedAt))
  if (verdict?.reason.code === 'WARMING_UP') {
    return `from ${formatTime(Date.parse(deployment.startedAt) + deployment.template.warmUpSeconds * 1000)}`
  }
  if (verdict?.expectedDecisionAt != null) return `about ${formatTime(Date.parse(verdict.expectedDecisionAt))}`
  return `by ${formatTime(deadlineOf(deployment))}`
}

function openRow(member: Member): Markup {
  const { deployment, verdict } = member
  const decision = verdict?.decision ?? 'hold'
  const code = verdict?.reason.code ?? 'WARMING_UP'
  const tone = verdict === null ? 'nodata' : toneOf(decision, code)
  const say = verdict?.reason.summary ?? 'No look yet.'
  const words = verdict === null ? 'No look yet' : verdictWords(decision, code)
  return html`<tr>${nameCell(deployment)}
<td class="state-cell">${stateWord(tone, words)}</td>
<td class="say full">${say}${isPaused(member) && html` <b>The ramp should pause.</b>`}</td>
<td class="spark">${verdict !== null && balance(verdict.confidence, true)}</td>
${weightCell(deployment)}
<td class="num end">${decisionWords(member)}</td></tr>
`
}

/** Paused first, then those without data, the rest by the time of their decision. */
function openRank(member: Member): number {
  const { deployment, verdict } = member
  if (isPaused(member)) return 0
  if (verdict === null || toneOf(verdict.decision, verdict.reason.code) === 'nodata') return 1
  return verdict.expectedDecisionAt === null ? deadlineOf(deployment) : Date.parse(verdict.expectedDecisionAt)
}

function decidedAt({ deployment, verdict }: Member): number {
  const at = deployment.endedAt ?? verdict?.decidedAt ?? deployment.createdAt
  return Date.parse(at)
}

const outcomeWords = {
  promoted: 'promoted',
  'rolled-back': 'rolled back',
  aborted: 'aborted',
  expired: 'expired',
  superseded: 'superseded',
} as const

function closedRow(member: Member, today: string): Markup {
  const { deployment, verdict } = member
  const at = decidedAt(member)
  const day = formatDate(at)
  const took = formatDuration((at - Date.parse(deployment.startedAt)) / 1000)
  const state =
    verdict === null
      ? stateWord('nodata', 'Never judged')
      : stateWord(toneOf(verdict.decision, verdict.reason.code), verdictWords(verdict.decision, verdict.reason.code))
  return html`<tr>${nameCell(deployment)}
<td class="state-cell">${state}</td>
<td class="say full">${verdict?.reason.summary ?? 'Closed before the first look.'} ${overrideBadge(deployment)}</td>
<td class="num" data-l="decided">${formatTime(at)}${day !== today && html`<span class="sub2">${day}</span>`}</td>
<td class="num" data-l="after">${took}</td>
<td class="end">${deployment.outcome === null ? '–' : outcomeWords[deployment.outcome]}</td></tr>
`
}

function openTable(open: readonly Member[]): Markup {
  const head = axisHead(18, word('t-mid t-promote', 0.13, 14, 'ruled out'), word('t-mid t-rollback', 0.88, 14, 'harm'))
  return html`<div class="panel"><table class="stack fleet"><thead><tr><th scope="col">Service</th><th scope="col">Now</th><th scope="col">In one sentence</th><th scope="col" class="spark">${head}</th><th scope="col">Weight</th><th scope="col" class="num">Decision</th></tr></thead>
<tbody>${open.map(openRow)}</tbody></table></div>
`
}

function closedTable(closed: readonly Member[], now: number): Markup {
  const today = formatDate(now)
  const rest = closed.length - mostDecided
  return html`<div class="panel"><table class="stack fleet"><thead><tr><th scope="col">Service</th><th scope="col">Verdict</th><th scope="col">In one sentence</th><th scope="col" class="num">Decided</th><th scope="col" class="num">Took</th><th scope="col">Outcome</th></tr></thead>
<tbody>${closed.slice(0, mostDecided).map((member) => closedRow(member, today))}</tbody></table>
${rest > 0 && html`<p class="source">And ${counted(rest, 'earlier deployment')}: <a href="/api/v1/deployments">all as JSON</a>.</p>`}</div>
`
}

/** What needs the reader, in one or two sentences. */
function headline(waiting: number, open: readonly Member[]): string {
  const needs =
    waiting === 0
      ? 'Nothing waits for you.'
      : `${capital(countWord(waiting))} ${waiting === 1 ? 'deployment waits' : 'deployments wait'} for you.`
  if (open.length === 0) return needs
  const paused = open.filter(isPaused).length
  const tail =
    paused === 0 ? '.' : open.length === 1 ? ', and should pause.' : `; ${countWord(paused)} of them should pause.`
  return `${needs} ${capital(countWord(open.length))} ${open.length === 1 ? 'rolls' : 'roll'} out${tail}`
}

function summaryOf(closed: readonly Member[], now: number): Markup | null {
  const week = closed.filter((member) => now - decidedAt(member) < 7 * 86_400_000)
  if (week.length === 0) return null
  const counts = new Map<string, number>()
  for (const { deployment } of week) {
    const outcome = deployment.outcome === null ? 'ended otherwise' : outcomeWords[deployment.outcome]
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  const words = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  return html`<p class="sub">In the last 7 days ${counted(week.length, 'deployment')} ended: ${words}.</p>
`
}

const empty = html`<section id="empty"><div class="panel"><h3>No deployment yet</h3><p class="note">Davy opens one when a new version of a service sends its first requests, or when one is registered with <code>POST /api/v1/deployments</code>.</p></div></section>
`

/** All deployments on one page: what waits for a person, what rolls out now, what was decided lately. */
export function renderFleet(input: FleetInput): string {
  const { deployments, now } = input
  const running = deployments.filter(({ deployment }) => deployment.status === 'open')
  const waiting = running.filter((member) => waits(member, now))
  const open = running.filter((member) => !waits(member, now)).toSorted((a, b) => openRank(a) - openRank(b))
  const closed = deployments
    .filter(({ deployment }) => deployment.status === 'closed')
    .toSorted((a, b) => decidedAt(b) - decidedAt(a))
  const title =
    waiting.length === 0 ? 'Deployments' : `${waiting.length} wait${waiting.length === 1 ? 's' : ''} for you`
  return documentOf({
    title,
    description: headline(waiting.length, open),
    tone: waiting.length > 0 ? 'hold' : 'promote',
    refresh: running.length > 0,
    aside: [
      running.length > 0 ? `as of ${formatTime(now, true)}, every 10 s` : `as of ${formatTime(now, true)}`,
      'UTC',
    ],
    onFleet: true,
    body: html`<div class="wrap"><div class="fleet-head"><h1>${headline(waiting.length, open)}</h1>
${summaryOf(closed, now)}</div>
${waiting.length > 0 && section('waits', 'Waits for a person', null, ...waiting.map((member) => waitCard(member, now)))}
${open.length > 0 && section('now', 'Rolling out now', 'Evidence runs left to “harm ruled out” and right to “harm shown”; the inner tick is the pause line.', openTable(open))}
${closed.length > 0 && section('lately', 'Decided lately', 'Newest first.', closedTable(closed, now))}
${deployments.length === 0 && empty}
<footer class="foot"><span>Page made ${formatMoment(now)}</span><span><a href="/api/v1/deployments">JSON</a></span></footer></div>`,
  })
}
