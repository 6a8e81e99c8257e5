import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identifyPair, identifyRun } from '../../../src/engine/workloads/identify.ts'
import type { Hints } from '../../../src/engine/workloads/workload.ts'
import { WorkloadReader } from '../../../src/storage/workload-reader.ts'
import { type Lab, openLab, tickMs } from '../lab.ts'
import { podRows } from './pods.ts'

let lab: Lab
let reader: WorkloadReader
beforeAll(async () => {
  lab = await openLab()
  reader = new WorkloadReader(lab.storage)
})
afterAll(() => lab?.close())

let names = 0
/** Ticks of the last minutes, counted back from now. */
const ticks = (from: number, to: number) =>
  Array.from({ length: from - to }, (_, index) => lab.now - (from - index) * tickMs)
const named = () => `shop${++names}`

const pair = (name: string, hints: Hints = {}, canary = 'new1', stable = 'old1') =>
  identifyPair(
    reader,
    { workload: { controller: 'argo-rollouts', namespace: 'prod', name }, hints, now: lab.now },
    { hash: `${name}${canary}` },
    { hash: `${name}${stable}` },
  )
const run = (name: string, hints: Hints = {}, since = lab.now - 600_000) => {
  const workload = { controller: 'flagger' as const, namespace: 'prod', name }
  return identifyRun(reader, { workload, hints, now: lab.now }, name, since)
}

/** A request of the new replica set, as its pod tells of it. */
const spanOf = (name: string, environment: string, namespace: string, index: number) => ({
  Timestamp: new Date(lab.now - 30_000).toISOString().replace('T', ' ').replace('Z', ''),
  TraceId: `${name}${index}`,
  SpanKind: 'Server',
  SpanName: 'GET /',
  ServiceName: name,
  ResourceAttributes: {
    'deployment.environment.name': environment,
    'k8s.namespace.name': namespace,
    'k8s.replicaset.name': `${name}-${name}new1`,
  },
})

describe('a pair of replica sets', () => {
  test('is known by its hashes, with the time of the first request', async () => {
    const name = named()
    const service = `svc-${name}`
    await lab.insert([
      ...podRows({ service, environment: 'prod', owner: name, hash: `${name}old1` }, ticks(30, 0)),
      ...podRows({ service, environment: 'prod', owner: name, hash: `${name}new1` }, ticks(12, 0)),
    ])
    expect(await pair(name)).toEqual({
      unit: { namespace: '', service, environment: 'prod' },
      canary: { match: { replicaSet: [`${name}new1`] } },
      baseline: { match: { replicaSet: [`${name}old1`] } },
      canarySince: lab.now - 12 * tickMs,
    })
  })

  test('is known before the canary has answered anything', async () => {
    const name = named()
    await lab.insert(podRows({ service: name, owner: name, hash: `${name}old1` }, ticks(5, 0)))
    expect(await pair(name)).toMatchObject({ unit: { service: name }, canarySince: null })
  })

  test('where only pods are named, is told apart by version', async () => {
    const name = named()
    const pods = (hash: string, version: string) => ({
      service: name,
      owner: name,
      hash,
      version,
      namesReplicaSet: false,
    })
    await lab.insert([
      ...podRows(pods(`${name}old1`, '1.4'), ticks(9, 0)),
      ...podRows(pods(`${name}new1`, '1.5'), ticks(3, 0)),
    ])
    expect(await pair(name)).toMatchObject({ canary: { version: '1.5' }, baseline: { version: '1.4' } })
  })

  test('where only pods are named and all have one version, asks for more', async () => {
    const name = named()
    const pods = (hash: string) => ({ service: name, owner: name, hash, version: '1', namesReplicaSet: false })
    await lab.insert([...podRows(pods(`${name}old1`), ticks(9, 0)), ...podRows(pods(`${name}new1`), ticks(3, 0))])
    expect(await pair(name)).toEqual({ question: expect.stringContaining('send k8s.replicaset.name') })
  })

  test('that nobody knows is a question with the nearest candidates', async () => {
    await lab.insert(podRows({ service: 'basket-web', environment: 'eu', owner: 'x', hash: 'unrelated' }, ticks(9, 0)))
    expect(await pair('basket')).toEqual({
      question: expect.stringMatching(/^Which service is prod\/basket\? .*Nearest: basket-web \(eu\)/),
    })
  })

  test('that nobody knows is what was written down', async () => {
    expect(await pair('nowhere', { service: 'written', environment: 'eu', serviceNamespace: 'team' })).toEqual({
      unit: { namespace: 'team', service: 'written', environment: 'eu' },
      canary: { match: { replicaSet: ['nowherenew1'] } },
      baseline: { match: { replicaSet: ['nowhereold1'] } },
      canarySince: null,
    })
  })

  test('of a service that tells its versions alone is the two that run, the later one being the canary', async () => {
    const service = named()
    const pods = (version: string) => ({ service, owner: '', hash: '', version, namesReplicaSet: false })
    await lab.insert([...podRows(pods('7'), ticks(60, 0)), ...podRows(pods('8'), ticks(5, 0))])
    expect(await pair('elsewhere', { service })).toMatchObject({ canary: { version: '8' }, baseline: { version: '7' } })
    await lab.insert(podRows(pods('9'), ticks(3, 0)))
    expect(await pair('elsewhere', { service })).toEqual({ question: expect.stringMatching(/7, 8, 9/) })
  })

  test('that two environments share is the one in the Kubernetes namespace of the rollout', async () => {
    const name = named()
    const rows = ['staging', 'live'].flatMap((environment) =>
      podRows({ service: name, environment, owner: name, hash: `${name}new1` }, ticks(5, 0)),
    )
    await lab.insert(rows)
    expect(await pair(name)).toEqual({ question: expect.stringMatching(/comes from several: .*staging/) })
    expect(await pair(name, { environment: 'staging' })).toMatchObject({ unit: { environment: 'staging' } })
    const spans = [spanOf(name, 'staging', 'test', 1), spanOf(name, 'live', 'prod', 2)]
    await lab.storage.insertRows('otel_traces', spans, `spans/${name}`)
    expect(await pair(name)).toMatchObject({ unit: { service: name, environment: 'live' } })
  })

  test('that only another namespace is seen of, where the same template has the same hashes, is a question', async () => {
    const name = named()
    await lab.insert(podRows({ service: name, environment: 'staging', owner: name, hash: `${name}new1` }, ticks(5, 0)))
    await lab.storage.insertRows('otel_traces', [spanOf(name, 'staging', 'test', 1)], `spans/${name}`)
    expect(await pair(name)).toEqual({
      question: expect.stringMatching(/comes from another Kubernetes namespace than prod: /),
    })
    expect(await pair(name, { environment: 'staging' })).toMatchObject({ unit: { environment: 'staging' } })
    await lab.storage.insertRows('otel_traces', [spanOf(name, 'staging', 'prod', 2)], `more spans/${name}`)
    expect(await pair(name)).toMatchObject({ unit: { environment: 'staging' } })
  })

  test('of a service that tells its versions alone is none where both ran for an hour', async () => {
    const service = named()
    const pods = (version: string) => ({ service, owner: '', hash: '', version, namesReplicaSet: false })
    await lab.insert([...podRows(pods('7'), ticks(350, 340)), ...podRows(pods('8'), ticks(340, 330))])
    await lab.insert([...podRows(pods('7'), ticks(5, 0)), ...podRows(pods('8'), ticks(5, 0))])
    expect(await pair('elsewhere', { service })).toEqual({ question: expect.stringMatching(/7, 8/) })
  })
})

describe('a run of which nobody names the replica sets', () => {
  test('compares the pods of the Deployment with those of its primary', async () => {
    const name = named()
    await lab.insert([
      ...podRows({ service: name, owner: `${name}-primary`, hash: 'aaa' }, ticks(60, 0)),
      ...podRows({ service: name, owner: name, hash: 'bbb' }, ticks(6, 0)),
    ])
    expect(await run(name)).toEqual({
      unit: { namespace: '', service: name, environment: 'default' },
      canary: { match: { replicaSet: ['bbb'] } },
      baseline: { match: { replicaSet: ['aaa'] } },
      canarySince: lab.now - 6 * tickMs,
    })
  })

  test('has no canary in pods that were silent since it began', async () => {
    const name = named()
    await lab.insert([
      ...podRows({ service: name, owner: `${name}-primary`, hash: 'aaa' }, ticks(60, 0)),
      ...podRows({ service: name, owner: name, hash: 'bbb' }, ticks(60, 40)),
    ])
    expect(await run(name, {}, lab.now - 60_000)).toEqual({
      question: expect.stringMatching(/^No telemetry of the canary/),
    })
  })

  test('waits until one of two canaries that follow each other is gone', async () => {
    const name = named()
    await lab.insert([
      ...podRows({ service: name, owner: `${name}-primary`, hash: 'aaa' }, ticks(60, 0)),
      ...podRows({ service: name, owner: name, hash: 'bbb' }, ticks(20, 2)),
      ...podRows({ service: name, owner: name, hash: 'ccc' }, ticks(2, 0)),
    ])
    expect(await run(name)).toEqual({ question: expect.stringContaining('bbb and ccc answer at once') })
    await lab.insert(podRows({ service: name, owner: name, hash: 'ccc' }, [lab.now + 40_000]))
    expect(await run(name)).toMatchObject({ canary: { match: { replicaSet: ['ccc'] } } })
  })

  test('without a primary is compared with nothing', async () => {
    const name = named()
    await lab.insert(podRows({ service: name, owner: name, hash: 'bbb' }, ticks(6, 0)))
    expect(await run(name)).toEqual({ question: expect.stringContaining(`${name}-primary, the baseline`) })
  })
})
