import { cohortLabel } from '../domain/cohort.ts'
import type { Deployment } from '../domain/deployment.ts'
import { html, type Markup } from './markup.ts'

const longestVersion = 24
const longestName = 60

/** A version past 24 characters as its first 12 and last 6: the end is what tells two builds apart. */
export function shortVersion(version: string): string {
  const characters = [...version]
  if (characters.length <= longestVersion) return version
  return `${characters.slice(0, 12).join('')}…${characters.slice(-6).join('')}`
}

/** A name past 60 characters without its middle. */
export function shortName(name: string): string {
  const characters = [...name]
  if (characters.length <= longestName) return name
  return `${characters.slice(0, 36).join('')}…${characters.slice(-20).join('')}`
}

function shortened(full: string, short: string, className: string): Markup {
  return html`<span class="${className}"${full !== short && html` title="${full}"`}>${short}</span>`
}

/** The two cohorts' names, short: {baseline, canary}; baseline '-' where there is none. */
export function cohortNames(deployment: Deployment): { readonly baseline: string; readonly canary: string } {
  return {
    baseline: shortVersion(cohortLabel(deployment.baseline)),
    canary: shortVersion(cohortLabel(deployment.canary)),
  }
}

/** 'baseline → canary' in the cohorts' colours; the full names stand in titles. */
export function versionArrow(deployment: Deployment): Markup {
  const base = cohortLabel(deployment.baseline)
  const canary = cohortLabel(deployment.canary)
  const from =
    deployment.baseline === null
      ? html`<span class="faint">no baseline</span>`
      : shortened(base, shortVersion(base), 'base')
  return html`${from} → ${shortened(canary, shortVersion(canary), 'can strong')}`
}

/** A service's name for lists and crumbs. */
export function serviceName(service: string, className = 'svc'): Markup {
  return shortened(service, shortName(service), className)
}

/** A template's group or metric name with a capital: 'new-log-lines' becomes 'New log lines'. */
export function groupTitle(group: string): string {
  const words = group.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The report's path; the id is data as well. */
export function deploymentPath(id: string): string {
  return `/deployments/${encodeURIComponent(id)}`
}

/** The verdict's path in the API. */
export function verdictPath(id: string): string {
  return `/api/v1/deployments/${encodeURIComponent(id)}/verdict`
}

/** The path of a deployment's checks in the API. */
export function checksPath(id: string): string {
  return `/api/v1/deployments/${encodeURIComponent(id)}/checks`
}
