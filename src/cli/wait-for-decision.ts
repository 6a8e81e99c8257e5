import { backoffMs, doubling } from '../platform/backoff.ts'
import type { Clock } from '../platform/clock.ts'
import { type GateAnswer, gateAnswer, notAnAnswer, readAnswer, type VerdictAnswer, verdictAnswer } from './answers.ts'
import { ask, type Reply } from './ask.ts'
import type { Connection } from './connection.ts'

/** A verdict, and what a controller is told of it. */
export type Seen = {
  readonly verdict: VerdictAnswer
  readonly gate: GateAnswer
  /** The server's clock minus ours when it was seen, milliseconds. */
  readonly skewMs: number
}

/** How waiting ended. `seen` is the newest verdict, null when none was ever seen. */
export type WaitEnd = {
  readonly outcome: 'promote' | 'rollback' | 'hold' | 'not-analysed' | 'interrupted'
  readonly why: string
  readonly seen: Seen | null
}

export type WaitOptions = {
  readonly connection: Connection
  readonly deploymentId: string
  readonly timeoutMs: number
  readonly clock: Clock
  /** Numbers in [0, 1). */
  readonly random: () => number
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
  /** Told of the first verdict and of each that says something else than the one before. */
  readonly onChange: (seen: Seen) => void
  /** Told why there is no answer for now, and null when there is one again. */
  readonly onTrouble: (line: string | null) => void
}

/** So long the server may keep a question; proxies cut connections that are silent for a minute. */
const longestPollMs = 30_000
/** How much later than promised an answer may come. */
const graceMs = 15_000
/** Rounds are no closer than this, whatever answers at once. */
const paceMs = 1_000
const retries = doubling(500, 10_000)

/** Nothing was compared, or nobody goes on comparing: that says nothing about the release. */
const notAnalysed = new Set([
  'WARMING_UP',
  'NO_TRAFFIC',
  'NO_CANARY_DATA',
  'NO_BASELINE_DATA',
  'SOURCE_DOWN',
  'EXPIRED',
])

type Round = { readonly kind: 'seen'; readonly seen: Seen } | Exclude<Reply, { kind: 'answer' }>

/**
 * Asks until the gate says promote or rollback, until nothing else can come, or until the time is over. What goes
 * wrong on the way is tried again; it never becomes a decision. Asks at least once.
 */
export async function waitForDecision(options: WaitOptions): Promise<WaitEnd> {
  const { clock, signal } = options
  const deadline = clock.now() + options.timeoutMs
  let seen: Seen | null = null
  let trouble: string | null = null
  let failures = 0
  do {
    const started = clock.now()
    const round = await askRound(options, seen, deadline - started)
    if (signal.aborted) break
    if (round.kind === 'refused') return { outcome: 'not-analysed', why: round.line, seen }
    let pauseMs: number
    if (round.kind === 'trouble') {
      if (round.line !== trouble) options.onTrouble(round.line)
      trouble = round.line
      pauseMs = Math.max(backoffMs(retries, failures++, options.random())!, round.retryAfterMs ?? 0)
    } else {
      if (trouble !== null) options.onTrouble(null)
      trouble = null
      failures = 0
      if (seen === null || meaningOf(seen) !== meaningOf(round.seen)) options.onChange(round.seen)
      seen = round.seen
      const end = endOf(seen)
      if (end !== null) return end
      pauseMs = started + paceMs - clock.now()
    }
    await clock.sleep(Math.min(pauseMs, deadline - clock.now()), signal)
  } while (clock.now() < deadline && !signal.aborted)
  if (signal.aborted) return { outcome: 'interrupted', why: 'interrupted', seen }
  return endAtTimeout(seen, trouble, clock.now())
}

/** The newest verdict once it differs from `known` or the poll is over, and the gate's answer to the same verdict. */
async function askRound(options: WaitOptions, known: Seen | null, leftMs: number): Promise<Round> {
  const { connection, clock, signal } = options
  const path = `/api/v1/deployments/${encodeURIComponent(options.deploymentId)}/verdict`
  const waitMs = known === null ? 0 : Math.max(0, Math.min(longestPollMs, leftMs))
  try {
    const first = await ask(connection, {
      ...{ path, signal, timeoutMs: waitMs + graceMs },
      ...(known === null ? {} : { query: { wait: `${waitMs}ms` }, ifNoneMatch: `"${known.verdict.id}"` }),
    })
    if (first.kind !== 'answer') return first
    const unchanged = first.status === 304 ? known?.verdict : undefined
    const verdict = unchanged ?? readAnswer(verdictAnswer, first.text)
    if (verdict === null) return { kind: 'refused', line: notAnAnswer('a verdict') }
    const second = await ask(connection, { path, query: { format: 'gate' }, signal, timeoutMs: graceMs })
    if (second.kind !== 'answer') return second
    const gate = readAnswer(gateAnswer, second.text)
    if (gate === null) return { kind: 'refused', line: notAnAnswer("a gate's answer") }
    if (second.etag?.includes(verdict.id) === false) {
      return { kind: 'trouble', line: 'a newer verdict came between two questions', retryAfterMs: null }
    }
    return { kind: 'seen', seen: { verdict, gate, skewMs: (second.serverTime ?? clock.now()) - clock.now() } }
  } catch (error) {
    if (signal.aborted) return { kind: 'trouble', line: 'interrupted', retryAfterMs: null }
    throw error
  }
}

/** Two verdicts that mean the same are one line. */
function meaningOf({ verdict, gate }: Seen): string {
  return [verdict.decision, verdict.reason.code, verdict.final, gate.verdict].join()
}

/** The end that a verdict brings, or null while another one may come. */
function endOf(seen: Seen): WaitEnd | null {
  const { verdict, gate } = seen
  if (gate.verdict !== 'wait') return { outcome: gate.verdict, why: gate.reason, seen }
  if (!verdict.final) return null
  // A final decision that is enforced and still waits is under the kill switch, which may be released.
  if (verdict.decision !== 'hold' && verdict.mode === 'enforce') return null
  const outcome = notAnalysed.has(verdict.reason.code) ? 'not-analysed' : 'hold'
  return { outcome, why: `no other verdict will come: ${gate.reason}`, seen }
}

function endAtTimeout(seen: Seen | null, trouble: string | null, now: number): WaitEnd {
  if (seen === null) return { outcome: 'not-analysed', why: trouble ?? 'no verdict came', seen }
  const { verdict, gate, skewMs } = seen
  const { code } = verdict.reason
  if (!verdict.final && now + skewMs > Date.parse(verdict.validUntil)) {
    const last = `the last verdict is of ${verdict.decidedAt}`
    return { outcome: 'not-analysed', why: trouble === null ? last : `${last}; ${trouble}`, seen }
  }
  if (notAnalysed.has(code)) return { outcome: 'not-analysed', why: `${code}: ${gate.reason}`, seen }
  return { outcome: 'hold', why: `no decision in time: ${gate.reason}`, seen }
}
