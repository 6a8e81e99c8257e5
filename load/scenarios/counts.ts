import { check, fail, sleep } from 'k6'
import http from 'k6/http'
import { davyUrl, metricSum } from './shared.ts'

/** Spans that were accepted, and requests (one in four of them) that can be asked for. */
export type Counts = { readonly accepted: number; readonly requests: number }

const spansPerRequest = 4
const withinSeconds = 60

/** By the metrics of Davy, and by its API: the services that it lists, each asked for by its name. */
export function counts(): Counts {
  const tags = { kind: 'counts', name: 'counts' }
  const { items } = http.get(`${davyUrl}/api/v1/services`, { tags }).json() as unknown as { items: { name: string }[] }
  let requests = 0
  for (const { name } of items) {
    const answer = http.get(`${davyUrl}/api/v1/services/${encodeURIComponent(name)}`, { tags })
    const { versions } = answer.json() as unknown as { versions: { requests: number }[] }
    for (const version of versions) requests += version.requests
  }
  const accepted = metricSum('davy_ingest_items_total', ['signal="traces"', 'outcome="accepted"'], 0)
  return { accepted, requests }
}

/**
 * Waits until everything that was accepted since can be asked for, service by service; fails the run when it does not come.
 * Only for telemetry in which one span in four is a request, and nobody else sends.
 */
export function expectAllCounted(before: Counts): void {
  for (let tries = 0; tries < 2 * withinSeconds; tries++) {
    const now = counts()
    const accepted = now.accepted - before.accepted
    const requests = now.requests - before.requests
    if (accepted > 0 && requests * spansPerRequest === accepted) {
      check(null, { 'every accepted span can be asked for': () => true })
      console.log(`${accepted} spans were accepted; their ${requests} requests are counted by the API`)
      return
    }
    sleep(0.5)
  }
  check(null, { 'every accepted span can be asked for': () => false })
  fail(
    `expected a request for four spans each within ${withinSeconds} s, got ${JSON.stringify({ before, now: counts() })}`,
  )
}
