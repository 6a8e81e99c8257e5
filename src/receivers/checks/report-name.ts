/** The name of a check as its API takes it; other characters become hyphens. */
const longestName = 100

/**
 * What a report is called that somebody sends without a name: its tool and what was tested or scanned, without the tag
 * or digest of an image, so that the next version's report is of the same name and that of something else is not.
 * @param body a report that was read: JUnit XML as text, or the parsed JSON of a scan or of a result
 */
export function reportName(body: unknown): string {
  if (typeof body === 'string') return named('junit', suiteIn(body))
  if (Array.isArray(body)) return named('snyk', imageOf(objectOf(body[0]).projectName))
  const { matches, source, vulnerabilities, projectName, path, passed, ArtifactName } = objectOf(body)
  if (passed !== undefined) return 'result'
  if (matches !== undefined) return named('grype', imageOf(objectOf(objectOf(source).target).userInput))
  if (vulnerabilities !== undefined) return named('snyk', imageOf(projectName ?? path))
  return named('trivy', imageOf(ArtifactName))
}

function suiteIn(xml: string): string {
  return /<testsuite\s[^<>]*?\bname\s*=\s*["']([^"'<>]*)/.exec(xml)?.[1] ?? ''
}

/** `registry:5000/shop/checkout:2.4.1@sha256:…` is `registry:5000/shop/checkout`. */
function imageOf(value: unknown): string {
  return typeof value === 'string' ? value.replace(/@sha256:.*$/, '').replace(/:[^/:]*$/, '') : ''
}

function named(tool: string, of: string): string {
  return `${tool} ${of.replaceAll(/[^A-Za-z0-9._:/ -]/g, '-')}`.trim().slice(0, longestName)
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
