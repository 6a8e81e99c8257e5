import type { Console } from './console.ts'
import type { Davy } from './davy.ts'
import type { Verdict } from './davy-client.ts'
import { type Shop, shopEnvironment, shopNamespace } from './shop-fleet.ts'
import { formatClock, lookHeader, lookLine, verdictLines } from './verdict-lines.ts'

/** One release of the checkout service on its way. */
export type Rollout = {
  readonly stable: string
  readonly version: string
  readonly template: string
  /** Give up, with whatever the verdict is then, after so many seconds. */
  readonly limitSeconds: number
}

const weight = 50
const waitSeconds = 20

async function follow(
  davy: Davy,
  id: string,
  rollout: Rollout,
  out: Console,
  signal: AbortSignal,
): Promise<Verdict | null> {
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1000
  const ticker = setInterval(
    () => out.progress(`  ${formatClock(elapsed()).padStart(5)}  waiting for Davy's next look`),
    1000,
  )
  let etag: string | null = null
  let headerShown = false
  try {
    while (elapsed() < rollout.limitSeconds) {
      const wait = Math.ceil(Math.min(waitSeconds, rollout.limitSeconds - elapsed()))
      const answer = await davy.client.verdict(id, etag, wait, signal)
      if (answer === null) continue
      if (answer.etag === null) throw new Error(`the verdict of ${id}: expected an ETag header, got none`)
      etag = answer.etag
      const { verdict } = answer
      if (!headerShown) for (const line of lookHeader(verdict, rollout.stable, rollout.version)) out.print(line)
      headerShown = true
      out.print(lookLine(verdict, elapsed(), weight, Date.now()))
      if (verdict.decision === 'hold') continue
      out.print()
      for (const line of verdictLines(verdict, elapsed(), out.paint)) out.print(line)
      return verdict
    }
  } finally {
    clearInterval(ticker)
  }
  out.print(`  no decision in ${rollout.limitSeconds} s; the page says why: ${davy.origin}/deployments/${id}`)
  return null
}

/**
 * Rolls one release out as a controller would: new processes, half of the traffic, then what Davy says. Returns the
 * decision, or null when none came in time. Only a promote leaves the release running, then alone.
 */
export async function rollOut(
  shop: Shop,
  davy: Davy,
  rollout: Rollout,
  out: Console,
  signal: AbortSignal,
): Promise<Verdict | null> {
  const { stable, version, template } = rollout
  await shop.startVersion(version)
  await shop.split({ [stable]: 100 - weight, [version]: weight })
  const id = await davy.client.register(
    {
      namespace: shopNamespace,
      service: 'checkout',
      environment: shopEnvironment,
      strategy: 'canary',
      canary: { version },
      baseline: { version: stable },
      template,
      plannedWeight: weight,
    },
    signal,
  )
  const verdict = await follow(davy, id, rollout, out, signal)
  const winner = verdict?.decision === 'promote' ? version : stable
  const loser = winner === version ? stable : version
  await shop.split({ [winner]: 100 })
  await shop.stopVersion(loser)
  const outcome = verdict === null ? 'aborted' : verdict.decision === 'promote' ? 'promoted' : 'rolled-back'
  await davy.client.finish(id, outcome, signal)
  out.print(`    checkout ${winner} has all the traffic, ${loser} is stopped`)
  return verdict
}
