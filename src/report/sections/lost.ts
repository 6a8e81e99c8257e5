import { formatPercent, formatTime } from '../../domain/format.ts'
import type { Case } from '../case.ts'
import { trafficChart } from '../charts/traffic-chart.ts'
import { section } from '../document.ts'
import { counted } from '../figures.ts'
import { type IconName, icon } from '../icons.ts'
import { html, type Markup } from '../markup.ts'

type Link = {
  readonly icon: IconName
  readonly health: 'good' | 'weak' | 'broken'
  readonly name: string
  readonly value: string
  readonly more: string
}

const healthClass = { good: 'ok', weak: 'warn', broken: 'bad' } as const

function registered(page: Case): Link {
  const { deployment } = page.input
  const by = deployment.origin === 'api' ? 'registered' : 'seen in the telemetry'
  const planned = deployment.plannedWeight === null ? '' : `, ${deployment.plannedWeight}% planned`
  return {
    icon: 'check',
    health: 'good',
    name: 'Deployment',
    value: `opened ${formatTime(page.startedAt, true)}`,
    more: `${by}${planned}`,
  }
}

/** That the source answers is known only from what came out of it. */
function source(page: Case): Link | null {
  const down = page.input.verdict.reason.code === 'SOURCE_DOWN'
  const { baseline, canary } = page.totals
  if (!down && baseline.requests + canary.requests === 0) return null
  return {
    icon: down ? 'cross' : 'check',
    health: down ? 'broken' : 'good',
    name: 'Source',
    value: down ? 'does not answer' : 'answers',
    more: down ? 'nothing is judged meanwhile' : `${counted(page.input.looks.length, 'look')} taken`,
  }
}

function arm(page: Case, side: 'baseline' | 'canary'): Link {
  const { requests, errors, pods, lastSeen } = page.totals[side]
  const name = side === 'baseline' ? 'Baseline' : 'Canary'
  const label = page.names[side]
  if (side === 'baseline' && page.input.deployment.baseline === null) {
    return { icon: 'cross', health: 'broken', name, value: 'none found', more: 'nothing to compare with' }
  }
  if (requests === 0) return { icon: 'cross', health: 'broken', name, value: '0 requests', more: `from ${label}` }
  const lastLook = page.input.looks.at(-1)
  const silent = lastSeen !== null && lastLook !== undefined && lastSeen < lastLook.slice.from
  const onPods = pods === 0 ? '' : ` on ${counted(pods, 'pod')}`
  return {
    icon: silent ? 'warn' : 'check',
    health: silent ? 'weak' : 'good',
    name,
    value: counted(requests, 'request'),
    more: silent
      ? `${label}, none since ${formatTime(lastSeen, true)}`
      : `${label}${onPods}, ${formatPercent(errors / requests)} failed`,
  }
}

function drawLink(link: Link): Markup {
  return html`<li${link.health === 'broken' && html` class="ends"`}><div class="k"><span class="${healthClass[link.health]}">${icon(link.icon)}</span><span class="unseen">${link.health}: </span>${link.name}</div><div class="v">${link.value}</div><div class="n">${link.more}</div></li>
`
}

function lead(page: Case): string {
  const { baseline, canary } = page.totals
  const { code } = page.input.verdict.reason
  if (code === 'SOURCE_DOWN') return 'Davy could not read the telemetry, so nothing new is known.'
  if (canary.requests === 0 && baseline.requests > 0)
    return `${page.names.baseline} reports as always; nothing has come from ${page.names.canary}.`
  if (baseline.requests === 0 && canary.requests > 0)
    return `${page.names.canary} reports; nothing has come to compare it with.`
  if (canary.requests === 0) return 'Neither version has reported a request.'
  return 'Both versions have reported; not enough of it is new.'
}

/** No data: how far the data comes, and the traffic of both versions. */
export function lost(page: Case): Markup {
  const links = [registered(page), source(page), arm(page, 'baseline'), arm(page, 'canary')].filter(
    (link) => link !== null,
  )
  const traffic = trafficChart(page.input.looks, page.names)
  return section(
    'lost',
    'Where the data ends',
    lead(page),
    html`<ol class="chain">${links.map(drawLink)}</ol>
`,
    traffic === null
      ? html``
      : html`<div class="panel spaced"><h3>Requests a second, by version</h3><div class="plot">${traffic}</div></div>
`,
  )
}
