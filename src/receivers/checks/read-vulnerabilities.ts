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
  return listed(value.Results, '/Results').flatMap((result, index) =>
    listed(result.Vulnerabilities, `/Results/${index}/Vulnerabilities`).map((one, at) =>
      vulnerability(
        { id: one.VulnerabilityID, package: one.PkgName, severity: one.Severity },
        `/Results/${index}/Vulnerabilities/${at}`,
      ),
    ),
  )
}

function ofGrype(value: unknown): Found[] | null {
  if (!isObject(value) || !Array.isArray(value.matches)) return null
  return listed(value.matches, '/matches').map((match, index) => {
    const found = isObject(match.vulnerability) ? match.vulnerability : {}
    const artifact = isObject(match.artifact) ? match.artifact : {}
    return vulnerability(
      { id: found.id, package: artifact.name, severity: found.severity },
      `/matches/${index}/vulnerability`,
    )
  })
}

/** One image is an object, several are an array of them. */
function ofSnyk(value: unknown): Found[] | null {
  const projects = Array.isArray(value) ? value : [value]
  if (projects.length === 0 || !projects.every((one) => isObject(one) && Array.isArray(one.vulnerabilities)))
    return null
  return projects.flatMap((one: Json, index) => {
    const where = Array.isArray(value) ? `/${index}` : ''
    // Beside the packages of the system, a container has applications with packages of their own.
    const parts = [
      { part: one, at: where },
      ...listed(one.applications, `${where}/applications`).map((part, own) => ({
        ...{ part, at: `${where}/applications/${own}` },
      })),
    ]
    return parts.flatMap(({ part, at }) => {
      // An application that could not be scanned has an error in its place.
      if (!Array.isArray(part.vulnerabilities))
        throw fault('a list of vulnerabilities', 'none', `${at}/vulnerabilities`)
      return listed(part.vulnerabilities, `${at}/vulnerabilities`).map((found, own) =>
        vulnerability(
          { id: found.id, package: found.packageName ?? found.moduleName, severity: found.severity },
          `${at}/vulnerabilities/${own}`,
        ),
      )
    })
  })
}

/** @throws DavyError UNPROCESSABLE for one without an id, or a severity that is no word: it might be a critical one */
function vulnerability(one: Readonly<Record<'id' | 'package' | 'severity', unknown>>, where: string): Found {
  const { id, severity = 'unknown' } = one
  if (typeof id !== 'string') throw fault('an id', shown(id), where)
  if (typeof severity !== 'string') throw fault('a severity as text', shown(severity), where)
  return { id: text(id), package: text(one.package), severity: severity.toLowerCase() }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : 'unknown'
}

/** A layer that is scanned twice tells of everything twice. */
function unique(found: readonly Found[]): Found[] {
  return [...new Map(found.map((one) => [`${one.id}\0${one.package}`, one])).values()]
}

/** A list of objects; nothing is a list of none, as scanners leave out what is empty. @throws DavyError UNPROCESSABLE */
function listed(value: unknown, where: string): readonly Json[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw fault('a list', shown(value), where)
  const stranger = value.findIndex((one) => !isObject(one))
  if (stranger !== -1) throw fault('an object', shown(value[stranger]), `${where}/${stranger}`)
  return value as readonly Json[]
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
}

function fault(expected: string, got: string, pointer: string): DavyError {
  return new DavyError('UNPROCESSABLE', 'The report of the scan cannot be read.', {
    ...{ expected, got, where: `body${pointer}` },
  })
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
