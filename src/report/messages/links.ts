import { cohortLabel } from '../../domain/cohort.ts'
import type { DeploymentNotice } from '../../domain/sink.ts'

/** A link of a message; `href` is http or https and holds no white space, quotes, angle brackets, bars or backslashes. */
export type Link = { readonly text: string; readonly href: string }

/** What stands between braces in an address of the endpoint's options. */
export const placeholders = [
  'service',
  'environment',
  'namespace',
  'baseline',
  'canary',
  'deployment',
  'start',
  'end',
] as const

/** Five minutes around what a dashboard should show. */
const aroundMs = 300_000

type Values = Readonly<Record<(typeof placeholders)[number], string>>

/** `start` and `end` are around the rollout so far. All times are Unix milliseconds. */
function valuesOf(deployment: DeploymentNotice, until: number): Values {
  const { service, environment, namespace, baseline, canary, id, startedAt } = deployment
  return {
    ...{ service, environment, namespace, deployment: id },
    baseline: baseline === null ? '' : cohortLabel(baseline),
    canary: cohortLabel(canary),
    start: String(Date.parse(startedAt) - aroundMs),
    end: String(until + aroundMs),
  }
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll("'", '%27')
}

/** `text` with its placeholders filled by what belongs to a deployment; `encode` makes a value fit for its place. */
function fillPlaceholders(
  text: string,
  deployment: DeploymentNotice,
  until: number,
  encode: (value: string) => string = encoded,
): string {
  const values: Readonly<Record<string, string>> = valuesOf(deployment, until)
  return text.replace(/\{([a-z]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? encode(values[name]!) : whole,
  )
}

/** The same for a name that stands in no address yet; `start` and `end` have no meaning there. */
export function fillName(text: string, deployment: DeploymentNotice): string {
  return fillPlaceholders(text, deployment, 0, (value) => value.toWellFormed())
}

/** An address past this is no link that people follow, and chats refuse it. */
const longestHref = 2000

/** An address that may stand in a link, or null when it is none that a reader should follow. */
export function safeHref(address: string): string | null {
  if (!/^https?:\/\//i.test(address) || address.length > longestHref) return null
  return address.toWellFormed().replace(/[\s"'<>|\\^`{}\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, encoded)
}

/** The options of a message's endpoint that make links, in their order. */
const linkOptions = [
  ['compareUrl', 'Compare'],
  ['dashboardUrl', 'Dashboard'],
  ['runbookUrl', 'Runbook'],
] as const

/** The report first, then what the endpoint's options name. @param until Unix milliseconds: how far a dashboard shows. */
export function linksOf(
  reportUrl: string,
  deployment: DeploymentNotice | null,
  options: Readonly<Record<string, string>>,
  until: number,
): readonly Link[] {
  const report = safeHref(reportUrl)
  const links: Link[] = report === null ? [] : [{ text: 'Report', href: report }]
  for (const [name, text] of linkOptions) {
    const template = options[name]
    if (template === undefined || deployment === null) continue
    const href = safeHref(fillPlaceholders(template, deployment, until))
    if (href !== null) links.push({ text, href })
  }
  return links
}
