import { type Davy, type RequestSpan, sendSpans } from '../../davy.ts'
import { random } from '../../stats/random.ts'

/** Two replica sets of one service in one Kubernetes namespace. */
export type Release = {
  readonly service: string
  /** Owners of the pods: of a Rollout both the same, of a Flagger canary `<name>-primary` and `<name>`. */
  readonly stable: { readonly owner: string; readonly hash: string }
  readonly canary: { readonly owner: string; readonly hash: string; readonly failing: number }
}

const requestsPerSecond = 30
const usualFailing = 0.02
const podsPerSet = 3
const suffixes = ['b4x7z', 'k2m9q', 'w5t8r']

/** The requests of both replica sets from `from` to `to`, Unix milliseconds. No pod says which version it is. */
export function requestsOf(
  { service, stable, canary }: Release,
  from: number,
  to: number,
  seed: number,
): RequestSpan[] {
  const source = random(seed)
  const count = Math.round(((to - from) / 1000) * requestsPerSecond)
  const side = ({ owner, hash }: Release['stable'], failing: number) =>
    Array.from({ length: count }, (_, index): RequestSpan => {
      const isPayment = index % 2 === 0
      return {
        ...{ service, version: '', pod: `${owner}-${hash}-${suffixes[index % podsPerSet]}` },
        resource: { 'k8s.namespace.name': 'shop', 'k8s.replicaset.name': `${owner}-${hash}` },
        route: isPayment ? 'POST /pay' : 'GET /cart',
        endAt: from + ((index + source.uniform()) * (to - from)) / count,
        seconds: 0.03 * Math.exp(0.4 * source.normal()),
        error: source.uniform() < failing,
      }
    })
  return [...side(stable, usualFailing), ...side(canary, canary.failing)]
}

/** Goes on sending requests of these releases every second until `stop`; rejects there with what could not be sent. */
export function keepSending(davy: Davy, releases: readonly Release[], from: number): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const sending = (async () => {
    let [last, seed] = [from, 1000]
    while (!stopping.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const now = Date.now()
      seed += 1
      await sendSpans(
        davy,
        releases.flatMap((release, index) => requestsOf(release, last, now, seed * 10 + index)),
      )
      last = now
    }
  })()
  sending.catch(() => undefined)
  return {
    async stop() {
      stopping.abort()
      await sending
    },
  }
}
