import type { CheckReport, Vulnerability } from '../../domain/check.ts'
import { DavyError } from '../../domain/errors.ts'

/** More are somebody's attack on the memory of Davy, which keeps the critical ones. */
const mostFound = 50_000
const mostCritical = 5_000

type Found = Vulnerability & { readonly severity: string }

type Json = Readonly<Record<string, unknown>>

/**
 * What a scanner of images found: Trivy's (`trivy image --format json`), Grype's (`grype -o json`) or Snyk's
 * (`snyk container test --json`) report, told apart by its shape. Sources: the JSON schemas that these projects publish.
 * @throws DavyError UNPROCESSABLE when it is none of them.
 */
export function readVulnerabilities(value: unknown): CheckReport {
  const found = ofTrivy(value) ?? ofGrype(value) ?? ofSnyk(value)
  if (found === null) {
    throw new DavyError('UNPROCESSABLE', 'The body is no report of Trivy, Grype or Snyk.', {
      expected: 'Results (Trivy), matches (Grype) or vulnerabilities (Snyk), or {"passed": true | false}',
      got: isObject(value) ? `the keys ${Object.keys(value).slice(0, 8).join(', ') || '(none)'}` : typeof value,
      where: 'body',
    })
  }
  if (found.length > mostFound) {
    throw new DavyError('UNPROCESSABLE', 'The report has too many vulnerabilities.', {
      expected: `at most ${mostFound}`,
      got: String(found.length),
      where: 'body',
    })
  }
  const all = unique(found)
  const critical = all
    .filter(({ severity }) => severity === 'critical')
    .map(({ id, package: name }) => ({ id, package: name }))
  if (critical.length > mostCritical) {
    throw new DavyError('UNPROCESSABLE', 'The report has too many critical vulnerabilities to compare.', {
      expected: `at most ${mostCritical}`,
      got: String(critical.length),
      where: 'body',
    })
  }
  return { kind: 'vulnerabilities', found: all.length, critical }
}

function ofTrivy(value: unknown): Found[] | null {
  if (!isObject(value) || !('SchemaVersion' in value || 'Results' in value)) return null
  if (value.Results === undefined || value.Results === null) return []
  if (!Array.isArray(value.Results)) return null
  return value.Results.flatMap((result) =>
    list(isObject(result) ? result.Vulnerabilities : undefined).map((one) =>
      vulnerability(one.VulnerabilityID, one.PkgName, one.Severity),
    ),
  )
}

function ofGrype(value: unknown): Found[] | null {
  if (!isObject(value) || !Array.isArray(value.matches)) return null
  return list(value.matches).map((match) => {
    const found = isObject(match.vulnerability) ? match.vulnerability : {}
    const artifact = isObject(match.artifact) ? match.artifact : {}
    return vulnerability(found.id, artifact.name, found.severity)
  })
}

/** One image is an object, several are an array of them. */
function ofSnyk(value: unknown): Found[] | null {
  const projects = Array.isArray(value) ? value : [value]
  if (projects.length === 0 || !projects.every((one) => isObject(one) && Array.isArray(one.vulnerabilities)))
    return null
  // Beside the packages of the system, a container has applications with packages of their own.
  const all = projects.flatMap((one) => [one as Json, ...list((one as Json).applications)])
  return all.flatMap(({ vulnerabilities }) =>
    list(vulnerabilities).map((found) =>
      vulnerability(found.id, found.packageName ?? found.moduleName, found.severity),
    ),
  )
}

function vulnerability(id: unknown, name: unknown, severity: unknown): Found {
  return { id: text(id), package: text(name), severity: text(severity).toLowerCase() }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : 'unknown'
}

/** A layer that is scanned twice tells of everything twice. */
function unique(found: readonly Found[]): Found[] {
  return [...new Map(found.map((one) => [`${one.id}\0${one.package}`, one])).values()]
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
