import type { Finding } from './finding.ts'
import { parseThreshold } from './threshold.ts'

type Metric = {
  readonly type: 'counter' | 'gauge' | 'rate' | 'trend'
  readonly contains: string
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}
type Check = { readonly name: string; readonly passes: number; readonly fails: number }
type Group = { readonly checks: readonly Check[]; readonly groups: readonly Group[] }

/** As much as is read of what k6 gives to `handleSummary`. */
export type K6Summary = {
  readonly metrics: Readonly<Record<string, Metric>>
  readonly root_group: Group
  readonly state: { readonly testRunDurationMs: number }
}

/**
 * Every threshold of a run with what was measured, and every check. A threshold over a rate or a duration of which there is no
 * sample counts as not kept: k6 says that it holds.
 * @throws Error when the summary has no thresholds, or not the figure that one compares.
 */
export function k6Findings(summary: K6Summary): readonly Finding[] {
  const findings = Object.entries(summary.metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([text, { ok }]) => thresholdFinding(name, metric, text, ok)),
  )
  if (findings.length === 0) throw new Error('expected thresholds in the summary of k6, it has none')
  return [...findings, ...checksOf(summary.root_group).map(checkFinding)]
}

function thresholdFinding(name: string, metric: Metric, text: string, isOk: boolean): Finding {
  const { figure, operator, limit } = parseThreshold(text)
  const unit = metric.contains === 'time' && figure !== 'count' ? ' ms' : ''
  const finding = { what: `${name}, ${figure}`, limit: `${operator} ${limit}${unit}` }
  if (samplesOf(metric) === 0) return { ...finding, measured: 'nothing measured', isKept: false }
  const value = metric.values[figure]
  if (value === undefined) {
    const known = Object.keys(metric.values).join(', ')
    throw new Error(`expected ${figure} of ${name} in the summary of k6 (summaryTrendStats), it has ${known}`)
  }
  return { ...finding, measured: `${shown(value)}${unit}`, isKept: isOk }
}

/** null where nothing is a measurement too, as with a counter that stayed at 0. */
function samplesOf({ type, values }: Metric): number | null {
  if (type === 'trend') return values.count ?? 0
  if (type === 'rate') return (values.passes ?? 0) + (values.fails ?? 0)
  return null
}

function checksOf({ checks, groups }: Group): readonly Check[] {
  return [...checks, ...groups.flatMap(checksOf)]
}

function checkFinding({ name, passes, fails }: Check): Finding {
  return { what: name, measured: `${passes} of ${passes + fails}`, limit: 'always', isKept: fails === 0 && passes > 0 }
}

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
