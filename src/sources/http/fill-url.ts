import type { Arm } from '../../domain/cohort.ts'
import type { SourceQuestion } from '../../domain/metric-source.ts'

/** The names that a URL may have in `${…}`; times are RFC 3339, or Unix seconds with `.seconds`. */
export const urlVariables = [
  ...['service', 'namespace', 'environment', 'version', 'cohort'],
  ...['from', 'to', 'from.seconds', 'to.seconds'],
] as const

const variable = /\$\{([^}]*)\}/g

/** The names of the variables that a URL has. */
export function variablesOf(url: string): readonly string[] {
  return [...url.matchAll(variable)].map(([, name]) => name!)
}

/**
 * A URL with its variables filled in, each encoded, so that a value is never more than a value.
 * @param window Unix milliseconds; null: the times are left as they are, for people
 */
export function fillUrl(
  url: string,
  { service, namespace, environment, ...deployment }: SourceQuestion['deployment'],
  arm: Arm,
  window: { readonly from: number; readonly to: number } | null,
): string {
  const values: Readonly<Record<string, string>> = {
    ...{ service, namespace, environment, cohort: arm, version: deployment[arm]?.version ?? '' },
    ...(window === null ? {} : timesOf(window)),
  }
  return url.replace(variable, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : encodeURIComponent(value.toWellFormed())
  })
}

/** Whether a filled URL would go up its path: a value of dots is one that no encoding takes. */
export function climbs(url: string): boolean {
  const [path = ''] = url.split(/[?#]/)
  return path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
}

function timesOf({ from, to }: { readonly from: number; readonly to: number }): Readonly<Record<string, string>> {
  return {
    ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    ...{ 'from.seconds': String(from / 1000), 'to.seconds': String(to / 1000) },
  }
}
