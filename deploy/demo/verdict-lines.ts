import type { Style } from './console.ts'
import type { Metric, Verdict } from './davy-client.ts'

const widths = [5, 7, 8, 8, 8, 8, 11, 13] as const

function row(cells: readonly string[], answer: string): string {
  return `  ${cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('')}   ${answer}`.trimEnd()
}

/** Seconds as `1:05`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** An e-value in at most six characters: `0.31`, `42`, `5.1e7`. */
export function formatEValue(value: number): string {
  if (value >= 9999.5) return value.toExponential(1).replace('+', '')
  if (value >= 9.95) return value.toFixed(0)
  return value >= 0.01 || value === 0 ? value.toPrecision(2) : '<0.01'
}

function formatShare(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)}%`
}

/** The two lines above the looks. The proofs' thresholds stand in it: they are fixed when the deployment opens. */
export function lookHeader(verdict: Verdict, baseline: string, canary: string): string[] {
  const rollbackAt = `≥ ${formatEValue(1 / verdict.confidence.falseRollbackRate)}`
  const promoteAt = `≥ ${formatEValue(1 / verdict.confidence.falsePromoteRate)}`
  return [
    row(['', '', 'requests', '', 'errors', '', 'harm', 'no harm'], ''),
    row(['time', 'weight', baseline, canary, baseline, canary, rollbackAt, promoteAt], 'answer'),
  ]
}

/** One look in one line. `now` is Unix milliseconds; the expected decision is told from there. */
export function lookLine(verdict: Verdict, seconds: number, weight: number, now: number): string {
  const errors = verdict.metrics.find((metric) => metric.kind === 'proportion')
  const inSeconds =
    verdict.expectedDecisionAt === null ? null : Math.round((Date.parse(verdict.expectedDecisionAt) - now) / 1000)
  const expected = inSeconds === null || inSeconds <= 0 ? '' : `, decision in ~${inSeconds} s`
  const cells = [
    formatClock(seconds),
    `${weight}%`,
    String(errors?.baseline.samples ?? '-'),
    String(errors?.canary.samples ?? '-'),
    formatShare(errors?.baseline.value ?? null),
    formatShare(errors?.canary.value ?? null),
    formatEValue(verdict.confidence.eValue),
    formatEValue(verdict.confidence.promoteEValue),
  ]
  return row(cells, `${verdict.decision} ${verdict.reason.code}${verdict.decision === 'hold' ? expected : ''}`)
}

function nameMargin(margin: number): string {
  if (margin === 2) return 'doubling'
  if (margin === 3) return 'tripling'
  return `+${Math.round((margin - 1) * 100)}%`
}

function formatRatio(value: number | null): string {
  return value === null ? '?' : `${value.toFixed(2)}x`
}

/**
 * What a metric showed; for a promote its margin in words, like `error-rate: tripling ruled out`, and without the
 * interval: that is two-sided and wider than the one-sided proof, so it would seem to contradict it.
 */
function metricLine(metric: Metric): string {
  const { ratio, low, high, promoteMargin } = metric.effect
  const measured = `${formatRatio(ratio)} the baseline's`
  if (metric.finding === 'harm-ruled-out') {
    const proof =
      metric.promoteProof === 'floor' ? 'harm ruled out by its own low rate' : `${nameMargin(promoteMargin)} ruled out`
    return `${metric.name}: ${proof} (measured ${measured})`
  }
  const interval = `95% interval ${formatRatio(low)} to ${high === null ? 'any' : formatRatio(high)}`
  const places = metric.where.map(({ value, ratio: times }) =>
    times === null ? value : `${value} ${formatRatio(times)}`,
  )
  const where = places.length === 0 ? '' : `, at ${places.join(', ')}`
  return `${metric.name}: ${metric.finding.replaceAll('-', ' ')} (${measured}, ${interval})${where}`
}

const styles: Readonly<Record<Verdict['decision'], Style>> = {
  promote: ['bold', 'green'],
  hold: ['bold', 'yellow'],
  rollback: ['bold', 'red'],
}

/** A decision with its evidence, for people; `paint` colours the first word. */
export function verdictLines(
  verdict: Verdict,
  seconds: number,
  paint: (style: Style, text: string) => string,
): string[] {
  const { summary, detail } = verdict.reason
  return [
    `  ${paint(styles[verdict.decision], verdict.decision.toUpperCase())}  ${summary}`,
    ...(detail === undefined || detail === '' ? [] : [`    ${detail}`]),
    ...verdict.metrics.map((metric) => `    ${metricLine(metric)}`),
    `    after ${Math.round(seconds)} s and ${verdict.look} looks, by the template ${verdict.template.name}`,
    `    report: ${verdict.reportUrl}`,
  ]
}

/**
 * What is wrong with the demo's two verdicts (null: none came in time); empty when the bad release was rolled back with
 * the failing route named and the good one promoted.
 */
export function storyFaults(bad: Verdict | null, good: Verdict | null): string[] {
  const faults: string[] = []
  const came = (verdict: Verdict | null) => (verdict === null ? 'no decision in time' : `${verdict.decision}`)
  if (bad?.decision !== 'rollback') {
    faults.push(`the bad release 2.0.1: expected rollback, got ${came(bad)}`)
  } else {
    const named = bad.metrics.some((metric) => metric.where.some((place) => place.value === 'POST /pay'))
    if (!named && !bad.reason.summary.includes('POST /pay')) {
      faults.push(`the bad release 2.0.1: expected the verdict to name POST /pay, got "${bad.reason.summary}"`)
    }
  }
  if (good?.decision !== 'promote') {
    faults.push(`the good release 2.0.2: expected promote, got ${came(good)}`)
  }
  return faults
}
