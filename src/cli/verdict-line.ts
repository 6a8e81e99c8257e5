import { formatDuration } from '../domain/format.ts'
import type { GateAnswer, VerdictAnswer } from './answers.ts'
import { oneLine } from './terminal.ts'

/**
 * A verdict as one line: when, what the gate says, why, and when a decision is expected.
 * @param now Unix milliseconds of the server's clock.
 */
export function verdictLine(seen: { readonly verdict: VerdictAnswer; readonly gate: GateAnswer }, now: number): string {
  const { verdict, gate } = seen
  const said = gate.verdict === 'wait' ? 'HOLD' : gate.verdict.toUpperCase()
  const withheld = gate.verdict === 'wait' && verdict.decision !== 'hold' ? ` (the verdict is ${verdict.decision})` : ''
  const parts = [
    `${verdict.decidedAt.slice(11, 19)}Z`,
    said.padEnd(8),
    oneLine(verdict.reason.code),
    `${oneLine(gate.reason)}${withheld}${expected(verdict, now)}`,
  ]
  return parts.join('  ')
}

/** ' Decision expected in 4 min.', or nothing when no time is known. */
export function expected({ expectedDecisionAt }: VerdictAnswer, now: number): string {
  if (expectedDecisionAt === null) return ''
  const at = `${expectedDecisionAt.slice(11, 16)}Z`
  const leftMs = Date.parse(expectedDecisionAt) - now
  return leftMs < 1000
    ? ` Decision expected at ${at}.`
    : ` Decision expected in ${formatDuration(leftMs / 1000)}, at ${at}.`
}
