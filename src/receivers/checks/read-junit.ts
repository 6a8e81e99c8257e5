import { XMLParser } from 'fast-xml-parser'
import type { CheckReport } from '../../domain/check.ts'
import { DavyError } from '../../domain/errors.ts'

/** So many names of failed tests are kept; all are counted. */
const keptNames = 50
const longestName = 200

/** Suites lie in suites, in some dialects; deeper than this is no report. */
const deepest = 20

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  // Entities that a document declares can make one kilobyte a gigabyte; the five of XML are put back by hand.
  processEntities: false,
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => name === 'testsuite' || name === 'testcase',
})

type Node = Readonly<Record<string, unknown>>
type Sum = { tests: number; skipped: number; failures: number; failed: string[] }

/**
 * A report in the JUnit XML that test runners share (Playwright, Cypress, Newman, k6, pytest …): `testsuites` or
 * `testsuite` as the root, `failure` or `error` inside the `testcase` that failed. Counted from the cases, since some
 * runners leave the attributes at 0; a suite that tells of more failures than its cases, as one that could not be loaded,
 * failed so often.
 * @throws DavyError UNPROCESSABLE when it is no such report, or has no test: nothing was tested then.
 */
export function readJunit(text: string): CheckReport {
  const root = parse(text)
  const suites = root.testsuites ?? root.testsuite
  if (suites === undefined)
    throw fault('<testsuites> or <testsuite> as the root', `<${Object.keys(root)[0] ?? 'nothing'}>`)
  const sum: Sum = { tests: 0, skipped: 0, failures: 0, failed: [] }
  for (const suite of asArray(suites)) addSuite(sum, suite, 0)
  addUncounted(sum, root.testsuites, 0)
  if (sum.tests === 0) throw fault('at least one <testcase>', 'none')
  const { tests, skipped, failures, failed } = sum
  return { kind: 'tests', tests, skipped, failures, failed }
}

function parse(text: string): Node {
  try {
    return parser.parse(text, true) as Node
  } catch (cause) {
    throw fault('well-formed XML', cause instanceof Error ? cause.message.slice(0, 120) : 'something else')
  }
}

function addSuite(sum: Sum, node: unknown, depth: number): void {
  if (typeof node !== 'object' || node === null) return
  if (depth > deepest) throw fault(`suites in at most ${deepest} suites`, 'more')
  const suite = node as Node
  const before = sum.failures
  for (const one of asArray(suite.testcase)) addCase(sum, one)
  for (const one of asArray(suite.testsuite)) addSuite(sum, one, depth + 1)
  addUncounted(sum, suite, before)
}

/** Adds what a suite says failed and no case of it tells of. @param before failures that were counted before the suite. */
function addUncounted(sum: Sum, node: unknown, before: number): void {
  const suite = (typeof node === 'object' && node !== null ? node : {}) as Node
  const uncounted = wholeOf(suite['@failures']) + wholeOf(suite['@errors']) - (sum.failures - before)
  if (uncounted <= 0) return
  sum.tests += uncounted
  sum.failures += uncounted
  if (sum.failed.length < keptNames) sum.failed.push(`${nameOf(suite)} outside of its cases`)
}

function wholeOf(value: unknown): number {
  return typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : 0
}

function addCase(sum: Sum, node: unknown): void {
  const one = (typeof node === 'object' && node !== null ? node : {}) as Node
  sum.tests += 1
  if (one.skipped !== undefined) sum.skipped += 1
  if (one.failure === undefined && one.error === undefined) return
  sum.failures += 1
  if (sum.failed.length < keptNames) sum.failed.push(nameOf(one))
}

function nameOf(one: Node): string {
  const parts = [one['@classname'], one['@name']].filter((part) => typeof part === 'string' && part !== '')
  return unescaped(parts.join(' › ')).slice(0, longestName) || '(without a name)'
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

function unescaped(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole)
}

function asArray(value: unknown): readonly unknown[] {
  if (value === undefined || value === '') return []
  return Array.isArray(value) ? value : [value]
}

function fault(expected: string, got: string): DavyError {
  return new DavyError('UNPROCESSABLE', 'The body is no JUnit XML report.', { expected, got, where: 'body' })
}
