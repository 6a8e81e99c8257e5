import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** A log-normal duration in milliseconds (Box-Muller); `random` gives numbers in [0, 1). */
export function logNormalMs(medianMs: number, sigma: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return medianMs * Math.exp(sigma * normal)
}

/** What a handler does: a little computing, then waiting as if for a database; the median is in milliseconds. */
export async function work(medianMs: number): Promise<void> {
  let digest = ''
  for (let round = 0; round < 20; round++) digest = createHash('sha256').update(digest).update('shop').digest('hex')
  await sleep(logNormalMs(medianMs, 0.4, Math.random))
}
