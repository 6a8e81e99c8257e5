import { setTimeout as sleep } from 'node:timers/promises'

/*
 * A simulation of Flagger's weighted canary and its webhooks, written from what its sources say it does, for tests without
 * a cluster. The real controller is run by test/controllers.
 */

export type CanarySpec = {
  readonly name: string
  readonly namespace: string
  readonly intervalMs: number
  readonly stepWeight: number
  readonly maxWeight: number
  readonly metadata: Readonly<Record<string, string>>
}

export type CanaryEnd = { readonly phase: 'Succeeded' | 'Failed'; readonly weights: readonly number[] }

/** Rolls a canary out until it is promoted or rolled back, asking every hook in the order in which Flagger does. */
export async function runCanary(davyUrl: string, spec: CanarySpec): Promise<CanaryEnd> {
  const { name, namespace } = spec
  let phase = 'Progressing'
  const weights: number[] = []
  let weight = 0
  const call = async (type: string, extra: Record<string, string> = {}): Promise<boolean> => {
    const metadata = { ...spec.metadata, ...extra }
    const body = JSON.stringify({ name, namespace, phase, checksum: '5d8b9f6c7', metadata })
    const headers = { 'content-type': 'application/json', 'user-agent': 'Go-http-client/1.1' }
    const response = await fetch(`${davyUrl}/integrations/flagger/${type}`, { method: 'POST', headers, body })
    await response.text()
    // 204 would be a failure, too.
    return response.status >= 200 && response.status <= 202
  }
  const tell = (eventMessage: string) =>
    call('event', { eventMessage, eventType: 'Normal', timestamp: String(Date.now()) })
  const end = async (last: CanaryEnd['phase']): Promise<CanaryEnd> => {
    phase = last
    await call('post-rollout')
    return { phase: last, weights }
  }

  phase = 'Succeeded'
  while (!(await call('confirm-rollout'))) await sleep(spec.intervalMs)
  await tell(`New revision detected! Scaling up ${name}.${namespace}`)
  phase = 'Progressing'
  for (;;) {
    await sleep(spec.intervalMs)
    if (await call('rollback')) {
      await tell(`Rolling back ${name}.${namespace} manual webhook invoked`)
      await tell(`Canary failed! Scaling down ${name}.${namespace}`)
      return end('Failed')
    }
    if (weight === 0) {
      await tell(`Starting canary analysis for ${name}.${namespace}`)
      if (!(await call('pre-rollout'))) throw new Error('a pre-rollout hook counted against the release')
    } else if (!(await call('rollout'))) throw new Error('a rollout hook counted against the release')
    if (!(await call('confirm-traffic-increase'))) continue
    if (weight < spec.maxWeight) {
      weight += spec.stepWeight
      weights.push(weight)
      await tell(`Advance ${name}.${namespace} canary weight ${weight}`)
      continue
    }
    if (!(await call('confirm-promotion'))) continue
    await tell(`Copying ${name}.${namespace} template spec to ${name}-primary.${namespace}`)
    await tell(`Promotion completed! Scaling down ${name}.${namespace}`)
    return end('Succeeded')
  }
}
