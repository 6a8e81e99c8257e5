import type { Override } from '../../domain/deployment.ts'
import { formatCount, formatDuration, formatPercent, formatRatio, formatTime, missing } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { balance } from '../charts/balance.ts'
import { counted, formatDate, formatEvidence, formatMoment, formatOdds } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { deploymentPath, serviceName, verdictPath, versionArrow } from '../names.ts'
import { badge, engineVerdict, overrideBadge } from '../state.ts'
import { type Fact, harmFact } from './harm-fact.ts'

function crumb({ input: { deployment } }: Case): Markup {
  const place = [deployment.namespace, deployment.environment, deployment.strategy].filter((part) => part !== '')
  const attempt = deployment.attempt > 1 ? ` / attempt ${deployment.attempt}` : ''
  return html`<p class="crumb"><a href="/">Deployments</a> <span>/</span> ${serviceName(deployment.service, '')} <span>/ ${place.join(' / ')}${attempt}</span></p>
`
}

/** Which look this is, and when the next one comes; past its time a verdict says so itself. */
function standing({ input }: Case): Markup {
  const { deployment, verdict, now, nextLookAt } = input
  const code = html`<code>${verdict.reason.code}</code>`
  if (verdict.final) return html`<span class="small faint">final · look ${verdict.look} · ${code}</span>`
  const stale = deployment.status === 'open' && now > Date.parse(verdict.validUntil)
  if (stale) {
    const asOf = formatTime(Date.parse(verdict.decidedAt), true)
    return html`<span class="small warn">as of ${asOf}; no newer look has come</span> <span class="small faint">look ${verdict.look} · ${code}</span>`
  }
  const wait = nextLookAt === null ? null : Math.round((nextLookAt - now) / 1000)
  const next = wait === null ? null : wait <= 0 ? ' · next due now' : ` · next in ${formatDuration(wait)}`
  return html`<span class="small faint">look ${verdict.look}${next} · ${code}</span>`
}

function bar(page: Case): Markup {
  const { deployment, verdict, looks } = page.input
  const { decision, code } = engineVerdict(verdict, looks)
  return html`<div class="bar">${badge(decision, code)}${overrideBadge(deployment)}
<span class="versions"><b>${serviceName(deployment.service, '')}</b> ${versionArrow(deployment)}</span>
${standing(page)}</div>
`
}

function overrideNote(override: Override): Markup {
  const at = formatMoment(Date.parse(override.at))
  return html`<p class="note">${override.by}, ${at}: “${override.reason}”</p>
`
}

function notes({ input: { deployment } }: Case): readonly (Markup | null)[] {
  const later = deployment.supersededBy
  return [
    deployment.override === null ? null : overrideNote(deployment.override),
    later === null
      ? null
      : html`<p class="note">A newer deployment took over: <a href="${deploymentPath(later)}">its report</a>.</p>
`,
    deployment.mode === 'observe'
      ? html`<p class="note">Davy only watches this deployment: nothing acts on its verdict.</p>
`
      : null,
  ]
}

/** What the balance says, in words. */
function balanceWords(page: Case): string {
  const { verdict } = page.input
  const { eValue, promoteEValue, falseRollbackRate } = verdict.confidence
  const rollbackAt = formatEvidence(page.rollbackAt)
  const promoteAt = formatEvidence(page.promoteAt)
  if (eValue >= page.rollbackAt) {
    return `${formatEvidence(eValue)} for harm; ${rollbackAt} was needed. A healthy release reaches ${rollbackAt} in at most ${formatOdds(falseRollbackRate)} rollouts, however often we look.`
  }
  if (promoteEValue >= page.promoteAt) {
    return `${formatEvidence(promoteEValue)} for the slowest metric; ${promoteAt} was needed from each. A harmful release reaches ${promoteAt} in at most ${formatOdds(1 / page.promoteAt)} rollouts.`
  }
  if (verdict.look === 0 || (eValue === 1 && promoteEValue === 1)) return 'None in either direction.'
  const open = page.critical.filter((metric) => metric.promoteEValue < page.promoteAt).map((metric) => metric.name)
  const waits = open.length === 0 || open.length > 3 ? '' : ` Promotion waits for ${open.join(' and ')}.`
  return `${formatEvidence(promoteEValue)} of ${promoteAt} towards ruling harm out; ${formatEvidence(eValue)} of ${rollbackAt} towards showing it.${waits}`
}

function timeFact(page: Case): Fact {
  const { deployment, verdict, now } = page.input
  const decidedAt = Date.parse(verdict.decidedAt)
  if (verdict.final || verdict.decision !== 'hold') {
    const took = formatDuration((decidedAt - page.startedAt) / 1000)
    return { term: 'Decided', value: formatTime(decidedAt, true), more: `${formatDate(decidedAt)}, after ${took}` }
  }
  if (page.tone === 'nodata') {
    const waited = formatDuration((now - page.startedAt) / 1000)
    return {
      term: 'Waiting since',
      value: formatTime(page.startedAt, true),
      more: `${waited}; deadline ${formatTime(page.deadlineAt)}`,
    }
  }
  const times = `now ${formatTime(now)}; deadline ${formatTime(page.deadlineAt)}`
  if (verdict.reason.code === 'WARMING_UP') {
    const from = page.startedAt + deployment.template.warmUpSeconds * 1000
    return { term: 'Judging starts', value: formatTime(from, true), more: times }
  }
  const { expectedAt } = page
  const value =
    expectedAt === null ? 'not known yet' : expectedAt <= now ? 'about now' : `about ${formatTime(expectedAt)}`
  return { term: 'Decision expected', value, more: times }
}

function canaryFact(page: Case): Fact {
  const { deployment } = page.input
  const { requests, errors, pods } = page.totals.canary
  const weight = deployment.progress.findLast((step) => step.weight !== null)?.weight ?? deployment.plannedWeight
  const parts = [weight === null ? null : `${weight}%`, pods === 0 ? null : counted(pods, 'pod')]
  const known = parts.filter((part) => part !== null).join(' · ')
  return {
    term: 'Canary',
    value: html`<span class="inline can">${known === '' ? missing : known}</span>`,
    more: requests === 0 ? 'no request seen' : `${counted(requests, 'request')}, ${formatCount(errors)} failed`,
  }
}

function baselineFact(page: Case): Fact {
  const { requests, errors, pods } = page.totals.baseline
  return {
    term: 'Baseline',
    value: html`<span class="inline base">${pods === 0 ? missing : counted(pods, 'pod')}</span>`,
    more: requests === 0 ? 'no request seen' : `${counted(requests, 'request')}, ${formatCount(errors)} failed`,
  }
}

/** The largest rise that a promote leaves possible. */
function hiddenFact(page: Case): Fact | null {
  const open = page.critical.find((metric) => metric.kind === 'proportion') ?? page.critical[0]
  if (open === undefined) return null
  const spec = page.input.deployment.template.metrics.find((metric) => metric.name === open.name)
  if (open.promoteProof === 'floor' && spec?.promoteFloor !== undefined) {
    return {
      term: 'Could still hide',
      value: `up to ${formatPercent(spec.promoteFloor)}`,
      more: `of requests failing (${open.name})`,
    }
  }
  const { high } = open.effect
  if (high === null) return null
  return {
    term: 'Could still hide',
    value: `up to ${formatRatio(high)}`,
    more: `the largest rise in ${open.name} not ruled out`,
  }
}

function seenFact(page: Case): Fact | null {
  const known = page.critical.find((metric) => metric.smallestDetectable !== null)
  if (known === undefined) return null
  return {
    term: 'Could be seen by now',
    value: `${formatRatio(known.smallestDetectable)} or more`,
    more: `in ${known.name}; smaller rises stay hidden`,
  }
}

function lastSeenFact(page: Case): Fact {
  const { lastSeen } = page.totals.canary
  return {
    term: 'Last seen',
    value: lastSeen === null ? 'never' : formatTime(lastSeen, true),
    more: `from ${page.names.canary}`,
  }
}

function limitFact(page: Case): Fact | null {
  if (page.blind) return lastSeenFact(page)
  if (page.tone === 'rollback') return harmFact(page)
  return page.tone === 'promote' ? hiddenFact(page) : seenFact(page)
}

function budgetFact(page: Case): Fact {
  const { falseRollbackRate, falsePromoteRate } = page.input.verdict.confidence
  if (page.tone === 'promote') {
    return {
      term: 'Wrong promotions',
      value: `at most ${formatOdds(falsePromoteRate)}`,
      more: 'harmful releases, per critical metric',
    }
  }
  return {
    term: 'False rollbacks',
    value: `at most ${formatOdds(falseRollbackRate)}`,
    more: 'healthy releases, however often we look',
  }
}

function facts(page: Case): Markup {
  const all = [timeFact(page), canaryFact(page), baselineFact(page), limitFact(page), budgetFact(page)]
  const drawn = all.filter((fact) => fact !== null)
  return html`<dl class="facts">${drawn.map(
    ({ term, value, more }) => html`
<div><dt>${term}</dt><dd>${value}<span>${more}</span></dd></div>`,
  )}
</dl>
`
}

/** The page's head: where, verdict, the sentence, the balance, the facts. */
export function head(page: Case): Markup {
  const { verdict, deployment } = page.input
  return html`<div class="wrap">${crumb(page)}
<div class="head"><div>${bar(page)}
<h1>${verdict.reason.summary}</h1>
${verdict.reason.detail !== '' && html`<p class="sub">${verdict.reason.detail}</p>`}
${notes(page)}
<p class="acts">${verdict.metrics.length > 0 && html`<a class="button main" href="#evidence">See the evidence</a> `}<a class="button" href="${verdictPath(deployment.id)}?format=markdown">As Markdown</a></p></div>
<aside class="scale"><p class="cap">Evidence, both ways</p>${balance(verdict.confidence)}<p class="say">${balanceWords(page)}</p></aside></div>
${facts(page)}</div>
`
}
