import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createProcesses } from '../../demo/processes.ts'
import { startShop } from '../../demo/shop-fleet.ts'
import { type Release, releases } from './releases.ts'

const daySeconds = 86_400

async function traffic(weights: Readonly<Record<string, number>>, seconds: number, signal: AbortSignal): Promise<void> {
  process.stdout.write(`shop: traffic ${JSON.stringify(weights)} for ${seconds} s\n`)
  await sleep(seconds * 1000, undefined, { signal })
}

/**
 * Runs the shop of the demo against an OTLP endpoint until `signal` aborts: ordinary traffic, then one release after the
 * other at half of the traffic, each stopped or kept as {@link Release} says. Nobody tells Davy of them: it notices each
 * by its new `service.version`, and observes.
 */
export async function runShop(otlpOrigin: string, plan: Iterable<Release>, stop: AbortController): Promise<void> {
  const { signal } = stop
  const processes = createProcesses((error) => stop.abort(error))
  try {
    const shop = await startShop(processes, mkdtempSync(join(tmpdir(), 'shop-')), otlpOrigin, signal)
    let current = '2.0.0'
    await shop.startVersion(current)
    await shop.split({ [current]: 100 })
    await shop.startLoad(daySeconds)
    for (const { version, keep, beforeSeconds, seconds } of plan) {
      await traffic({ [current]: 100 }, beforeSeconds, signal)
      await shop.startVersion(version)
      await shop.split({ [current]: 50, [version]: 50 })
      await traffic({ [current]: 50, [version]: 50 }, seconds, signal)
      const [winner, loser] = keep ? [version, current] : [current, version]
      await shop.split({ [winner]: 100 })
      await shop.stopVersion(loser)
      current = winner
    }
  } finally {
    await processes.stopAll()
  }
}

if (import.meta.main) {
  const stop = new AbortController()
  const interrupted = new Error('interrupted')
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(interrupted))
  const origin = process.env.SHOP_OTLP_ORIGIN ?? ''
  if (!URL.canParse(origin))
    throw new Error(`SHOP_OTLP_ORIGIN: expected a URL like http://localhost:4318, got ${origin}`)
  try {
    await runShop(origin, releases(daySeconds), stop)
  } catch (error) {
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error
    if (reason !== interrupted) throw reason
  }
}
