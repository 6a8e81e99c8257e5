import type { CheckRecord, CheckReport, CheckState, Vulnerability } from '../../domain/check.ts'
import { formatCount } from '../../domain/format.ts'

/** A record with when it came, RFC 3339. */
export type DatedCheck = CheckRecord & { readonly at: string }

const shown = 3

/**
 * What the checks of a deployment say: of each name the newest report, where Davy's own probes stand apart, so that a
 * report of somebody else lifts the hold of none. A vulnerability that is critical and new fails; one that the baseline
 * has too does not, since staying with the baseline would not mend it. Without a report of the baseline every critical
 * one is new.
 * @param checks in the order in which they came
 * @param inherited reports of the baseline's image from when it was a canary itself, older than those of this deployment
 */
export function checkStates(checks: readonly DatedCheck[], inherited: readonly DatedCheck[] = []): CheckState[] {
  const newest = new Map<string, DatedCheck>()
  const baseline = new Map<string, CheckReport>()
  for (const { name, report } of inherited) baseline.set(name, report)
  for (const check of checks) {
    if (check.arm === 'baseline') baseline.set(check.name, check.report)
    else newest.set(JSON.stringify([isProbe(check), check.name]), check)
  }
  return [...newest.values()].map((check) => ({
    ...{ name: check.name, kind: isProbe(check) ? 'probe' : check.report.kind, url: check.url, at: check.at },
    ...outcomeOf(check.report, baseline.get(check.name)),
  }))
}

function isProbe({ by }: DatedCheck): boolean {
  return by === 'davy'
}

function outcomeOf(report: CheckReport, baseline: CheckReport | undefined): Pick<CheckState, 'passed' | 'summary'> {
  switch (report.kind) {
    case 'tests':
      return outcomeOfTests(report)
    case 'vulnerabilities':
      return outcomeOfScan(report, baseline?.kind === 'vulnerabilities' ? baseline.critical : null)
    case 'result':
      return { passed: report.passed, summary: report.summary }
  }
}

function outcomeOfTests({
  tests,
  skipped,
  failures,
  failed,
}: Extract<CheckReport, { kind: 'tests' }>): Pick<CheckState, 'passed' | 'summary'> {
  const ran = tests - skipped
  // Nothing was tested: that is no pass.
  if (ran === 0) return { passed: false, summary: `All ${formatCount(tests)} tests were skipped.` }
  if (failures === 0) return { passed: true, summary: `${formatCount(ran)} tests passed.` }
  return {
    passed: false,
    summary: `${formatCount(failures)} of ${formatCount(ran)} tests failed: ${listed(failed, failures)}.`,
  }
}

function outcomeOfScan(
  { found, critical }: Extract<CheckReport, { kind: 'vulnerabilities' }>,
  baseline: readonly Vulnerability[] | null,
): Pick<CheckState, 'passed' | 'summary'> {
  const known = new Set(baseline?.map(keyOf))
  const fresh = critical.filter((one) => !known.has(keyOf(one)))
  const against = baseline === null ? ', and there is no report of the baseline to compare with' : ''
  if (fresh.length === 0) {
    const all = critical.length === 0 ? 'none is critical' : 'every critical one is in the baseline too'
    return { passed: true, summary: `${formatCount(found)} vulnerabilities; ${all}.` }
  }
  const names = fresh.map(({ id, package: name }) => `${id} in ${name}`)
  const noun = fresh.length === 1 ? 'vulnerability' : 'vulnerabilities'
  return {
    passed: false,
    summary: `${formatCount(fresh.length)} new critical ${noun}${against}: ${listed(names, fresh.length)}.`,
  }
}

function keyOf({ id, package: name }: Vulnerability): string {
  return `${id}\0${name}`
}

function listed(names: readonly string[], count: number): string {
  const rest = count - Math.min(shown, names.length)
  return names.slice(0, shown).join(', ') + (rest > 0 ? ` and ${formatCount(rest)} more` : '')
}
