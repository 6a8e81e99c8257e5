import { standsFor } from '../../domain/evidence.ts'
import { formatCount, formatDuration, formatPercent, formatRatio } from '../../domain/format.ts'
import type { ReasonCode } from '../../domain/verdict.ts'
import type { Case } from '../case.ts'
import { section } from '../document.ts'
import { capital, countWord } from '../figures.ts'
import { type IconName, icon } from '../icons.ts'
import { html, type Markup } from '../markup.ts'

type Health = 'good' | 'weak' | 'broken'
type Check = { readonly health: Health; readonly name: string; readonly value: string; readonly more: string }

const healthLooks: Readonly<Record<Health, { readonly icon: IconName; readonly className: string }>> = {
  good: { icon: 'check', className: 'ok' },
  weak: { icon: 'warn', className: 'warn' },
  broken: { icon: 'cross', className: 'bad' },
}

/** A tenth off the plan is drawn as weak; that a split is broken is the judge's word alone. */
const splitTolerance = 0.1
const lateTolerance = 0.01
/** An outage is told by what failed in this time. */
const recentMs = 300_000

/** Without a plan there is nothing to hold the split against. Requests of both arms since the controller's last step: earlier ones followed another weight. */
function split(page: Case): Check | null {
  const { deployment, looks, verdict } = page.input
  const step = deployment.progress.findLast((progress) => progress.weight !== null)
  const since = step === undefined ? 0 : Date.parse(step.at)
  const planned = step?.weight ?? deployment.plannedWeight
  let baseline = 0
  let canary = 0
  for (const { slice } of looks) {
    if (slice.from < since) continue
    baseline += standsFor(slice.baseline)
    canary += standsFor(slice.canary)
  }
  if (planned === null || baseline + canary === 0 || deployment.strategy === 'shadow') return null
  const share = canary / (baseline + canary)
  const off = Math.abs(share - planned / 100) > splitTolerance * (planned / 100)
  const broken = verdict.reason.code === 'SAMPLE_RATIO_MISMATCH'
  return {
    health: broken ? 'broken' : off ? 'weak' : 'good',
    name: 'Split',
    value: formatPercent(share),
    more: `of requests reached the canary; ${planned}% planned`,
  }
}

function telemetry(page: Case): Check | null {
  const { baseline, canary } = page.totals
  if (baseline.late === null || canary.late === null || canary.requests === 0) return null
  const share = canary.late / canary.requests
  const other = baseline.requests === 0 ? 0 : baseline.late / baseline.requests
  const broken = page.input.verdict.reason.code === 'TELEMETRY_LOSS'
  return {
    health: broken ? 'broken' : Math.max(share, other) > lateTolerance ? 'weak' : 'good',
    name: 'Late telemetry',
    value: formatPercent(share),
    more: `of the canary’s requests came too late to count; baseline ${formatPercent(other)}`,
  }
}

/** Failed requests that are kept so much more than the others make a share of the kept ones another than of all. */
const unlikeFailed = 1.1

/** What is kept and what it stands for, where failed requests are kept more than others. */
function shareOfAll({ requests, errors, adjusted, adjustedErrors }: Case['totals']['canary']): string | null {
  if (errors === 0 || adjustedErrors === null) return null
  const [ofKept, ofAll] = [errors / requests, adjustedErrors / adjusted]
  return ofKept > unlikeFailed * ofAll || ofAll > unlikeFailed * ofKept
    ? `${formatPercent(ofKept)} of the kept ones fail, about ${formatPercent(ofAll)} of all`
    : null
}

/** Only where a sender says that it samples, or the judge says that it matters. */
function sampling(page: Case): Check | null {
  const { baseline, canary } = page.totals
  const broken = page.input.verdict.reason.code === 'SAMPLING_DIFFERS'
  const isSampled = baseline.adjusted > baseline.requests || canary.adjusted > canary.requests
  if ((!broken && !isSampled) || baseline.requests === 0 || canary.requests === 0) return null
  const one = ({ adjusted, requests }: typeof canary): string =>
    Math.round(adjusted / requests) <= 1 ? 'all' : `1 in ${formatCount(Math.round(adjusted / requests))}`
  // Rates of a page are of what was kept and counted, which is what was judged.
  const ofAll = [shareOfAll(canary), shareOfAll(baseline)]
  const unlike = ofAll.some((words) => words !== null)
  const words = ofAll.flatMap((told, arm) => (told === null ? [] : [`${arm === 0 ? 'canary' : 'baseline'}: ${told}`]))
  return {
    health: broken ? 'broken' : unlike ? 'weak' : 'good',
    name: 'Sampling',
    value: one(canary),
    more: [`of the canary’s requests are kept; ${one(baseline)} of the baseline’s`, ...words].join('. '),
  }
}

/** How the baseline does is no matter of this comparison until it breaks. */
function baselineHealth(page: Case): Check | null {
  const { code } = page.input.verdict.reason
  if (code !== 'SHARED_OUTAGE' && code !== 'BASELINE_UNHEALTHY') return null
  const last = page.input.looks.at(-1)
  if (last === undefined) return null
  const recent = page.input.looks.filter(({ slice }) => slice.to > last.slice.to - recentMs)
  const share = (arm: 'baseline' | 'canary'): number | null => {
    const requests = recent.reduce((sum, { slice }) => sum + slice[arm].requests, 0)
    return requests === 0 ? null : recent.reduce((sum, { slice }) => sum + slice[arm].errors, 0) / requests
  }
  return {
    health: 'broken',
    name: 'Baseline',
    value: formatPercent(share('baseline')),
    more: `of its requests failed in the last ${formatDuration(recentMs / 1000)}, ${formatPercent(share('canary'))} of the canary’s`,
  }
}

function pods(page: Case): Check | null {
  const { baseline, canary } = page.totals
  if (canary.pods === 0) return null
  return {
    health: canary.pods === 1 ? 'weak' : 'good',
    name: 'Pods',
    value: `${canary.pods} and ${baseline.pods}`,
    more: canary.pods === 1 ? 'one canary pod: node and version cannot be told apart' : 'canary and baseline',
  }
}

function power(page: Case): Check | null {
  const known = page.critical.find((metric) => metric.smallestDetectable !== null)
  if (known === undefined) return null
  const weak = (known.smallestDetectable ?? 0) > known.effect.promoteMargin
  return {
    health: weak ? 'weak' : 'good',
    name: 'Power',
    value: formatRatio(known.smallestDetectable),
    more: `is the smallest rise in ${known.name} that could be seen by now`,
  }
}

function lead(checks: readonly Check[]): string {
  const broken = checks.filter((check) => check.health === 'broken').map((check) => check.name.toLowerCase())
  const weak = checks.filter((check) => check.health === 'weak').map((check) => check.name.toLowerCase())
  if (broken.length > 0) return `No: ${broken.join(' and ')} cannot be trusted.`
  if (weak.length > 0) return `${capital(weak.join(' and '))} ${weak.length === 1 ? 'is' : 'are'} weak.`
  return checks.length === 1
    ? 'The one check that the data allows passes.'
    : `All ${countWord(checks.length)} checks that the data allows pass.`
}

const unfair: ReadonlySet<ReasonCode> = new Set([
  'SAMPLE_RATIO_MISMATCH',
  'TELEMETRY_LOSS',
  'SAMPLING_DIFFERS',
  'SHARED_OUTAGE',
  'BASELINE_UNHEALTHY',
])

/** Whether the comparison is broken: then it stands above everything that was compared. */
export function isUnfair(page: Case): boolean {
  return unfair.has(page.input.verdict.reason.code)
}

/** Is the comparison fair? One cell per check that the data can fill. */
export function fair(page: Case): Markup | null {
  const drawn = [split(page), telemetry(page), sampling(page), baselineHealth(page), pods(page), power(page)]
  const checks = drawn.filter((check) => check !== null)
  // Without data there is nothing to compare, so nothing to be fair about.
  if (checks.length === 0 || page.blind) return null
  const cells = checks.map(({ health, name, value, more }) => {
    const look = healthLooks[health]
    return html`<div><div class="k"><span class="${look.className}">${icon(look.icon)}</span><span class="unseen">${health}: </span>${name}</div><div class="v">${value}</div><div class="n">${more}</div></div>
`
  })
  return section(
    'fair',
    'Is the comparison fair?',
    lead(checks),
    html`<div class="strip">${cells}</div>
`,
  )
}
