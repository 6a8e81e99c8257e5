import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDavy, startDavy } from '../../load/ingest/start-davy.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { ServerStorage } from '../../src/storage/server.ts'
import { until } from '../davy.ts'
import { callOf } from '../http/client.ts'
import { quickTemplate } from '../judges/rollout.ts'
import { type Receiver, startReceiver } from '../sinks/receiver.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { newerSources } from './newer-sources.ts'
import { currentSources, olderSources, type Sources } from './older-sources.ts'
import { Traffic } from './traffic.ts'

/*
 * Two replicas over one storage, behind a load balancer, under load, are replaced one after the other: those of an older
 * version by those of this one, which brings its migrations while the older one works on, those by a newer version's, and
 * those by this version's again, as somebody does who goes back. `npm run test:rolling`. The storage is the embedded engine
 * behind HTTP, since no ClickHouse server is here: what several servers or a cluster would do is not shown.
 */

const drainMs = 2_000
/** What a replica says whose storage a newer one has added to. */
const goneBack = 'a newer Davy has added to the storage'
const template = { ...quickTemplate, name: 'rolling', blockSeconds: 10, watermarkSeconds: 10 }

type Replica = RunningDavy & { readonly directory: string; readonly sources: Sources }

const directory = mkdtempSync(join(tmpdir(), 'davy-rolling-'))
const before = olderSources(join(directory, 'older')) ?? currentSources
const after = newerSources(join(directory, 'newer'))
const replicas: Replica[] = []
let front: ChildProcess
let storageUrl: string
let balancer: Balancer
let receiver: Receiver
let traffic: Traffic

beforeAll(async () => {
  const env = { ...process.env, UV_THREADPOOL_SIZE: '16', TMPDIR: directory }
  front = fork(new URL('front.ts', import.meta.url), { env })
  ;[storageUrl] = (await once(front, 'message')) as [string]
  balancer = await startBalancer()
  receiver = await startReceiver((response) => response.writeHead(204).end())
  traffic = new Traffic(() => balancer.otlpUrl)
})
afterAll(async () => {
  for (const replica of replicas) await replica.kill()
  await traffic?.abandon()
  await balancer?.close()
  await receiver?.close()
  if (front !== undefined && front.exitCode === null && front.signalCode === null) {
    // Nobody wants its data any more: closing the engine in good order takes longer than a hook may on a busy machine.
    const ended = once(front, 'exit')
    front.kill('SIGKILL')
    await ended
  }
  rmSync(directory, { recursive: true, force: true })
})

/** A replica that the balancer has found ready, on the volume of another that has ended or on a new one. */
async function start(sources: Sources, volume = join(directory, `volume-${replicas.length}`)): Promise<Replica> {
  mkdirSync(volume, { recursive: true })
  const env = {
    DAVY_STORAGE_URL: storageUrl,
    DAVY_INGEST_SEGMENT_MAX_AGE_MS: '2000',
    ...(knowsDraining(sources) ? { DAVY_DRAIN_MS: String(drainMs) } : {}),
  }
  const davy = await startDavy(volume, env, () => {}, sources.root)
  const replica = { ...davy, directory: volume, sources }
  replicas.push(replica)
  balancer.add(replica)
  await until(async () => balancer.isReady(replica), `replica ${replicas.length} is ready`, 60_000)
  return replica
}

/** The older one takes such a setting for a mistake. */
const knowsDraining = (sources: Sources) => sources === currentSources || sources === after

/** Ends a replica as an orchestrator does. */
async function end(replica: Replica): Promise<void> {
  if (!knowsDraining(replica.sources)) {
    // It does not know how to drain: whoever runs it takes it out first.
    balancer.remove(replica)
    await sleep(500)
  }
  await replica.stop()
  balancer.remove(replica)
}

/** As a StatefulSet does it: the next one takes the volume, and with it what was acknowledged and is not stored yet. */
async function replace(old: Replica, sources: Sources): Promise<Replica> {
  await end(old)
  return start(sources, old.directory)
}

async function replaceBoth(pair: readonly [Replica, Replica], sources: Sources): Promise<readonly [Replica, Replica]> {
  return [await replace(pair[0], sources), await replace(pair[1], sources)]
}

/** Asks again and again for the news of a verdict, as a gate does that waits. @returns the statuses, once it is over. */
async function poll(id: string, isOver: () => boolean): Promise<ReadonlyMap<number | string, number>> {
  const answers = new Map<number | string, number>()
  let etag = ''
  while (!isOver()) {
    let answer: number | string
    try {
      const response = await fetch(`${balancer.url}/api/v1/deployments/${id}/verdict?wait=5s`, {
        headers: { 'if-none-match': etag },
      })
      await response.arrayBuffer()
      etag = response.headers.get('etag') ?? etag
      answer = response.status
    } catch (error) {
      answer = String((error as Error).cause ?? error)
    }
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
    await sleep(100)
  }
  return answers
}

function open(service: string): Promise<{ readonly id: string }> {
  const cohorts = { service, canary: { version: '2' }, baseline: { version: '1' } }
  return callOf(balancer, 'POST', '/api/v1/deployments', { ...cohorts, template: template.name })
}

async function backlogOf({ url }: Replica): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^davy_ingest_backlog_bytes (\S+)$/m.exec(text)?.[1])
}

const verdictOf = (id: string) => callOf<Verdict>(balancer, 'GET', `/api/v1/deployments/${id}/verdict`)

async function looksOf(id: string): Promise<readonly number[]> {
  type Evidence = { readonly looks: readonly { readonly look: number }[] }
  const { looks } = await callOf<Evidence>(balancer, 'GET', `/api/v1/deployments/${id}/evidence`)
  return looks.map(({ look }) => look)
}

test(`two replicas of ${before.name} are replaced under load, thrice: no body, no look and no verdict is lost`, async () => {
  const first = [await start(before), await start(before)] as const
  await callOf(balancer, 'PUT', `/api/v1/templates/${template.name}`, template)
  await callOf(balancer, 'POST', '/api/v1/endpoints', { url: receiver.url.replace(/\?.*/, '') })
  traffic.start()
  const bad = await open('checkout')
  const good = await open('cart')
  let isOver = false
  const polls = Promise.all([poll(bad.id, () => isOver), poll(good.id, () => isOver)])
  await until(async () => (await verdictOf(bad.id)).look >= 1, 'a look with the first replicas', 60_000)

  traffic.breakCanary(0.5)
  const second = await replaceBoth(first, currentSources)
  const third = await replaceBoth(second, after)
  const last = await replaceBoth(third, currentSources)
  const verdict = await until(
    async () => {
      const newest = await verdictOf(bad.id)
      return newest.final ? newest : null
    },
    'the verdict about the bad release',
    120_000,
  )
  expect(verdict).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' } })
  const isRollback = ({ body }: { readonly body: string }) => body.includes('"decision":"rollback"')
  await until(async () => receiver.received.some(isRollback), 'the webhook of the rollback', 30_000)

  isOver = true
  await traffic.stop()
  const asked = await polls
  const looks = [await looksOf(bad.id), await looksOf(good.id)]
  const goodVerdict = await verdictOf(good.id)
  for (const replica of last) {
    await until(async () => (await backlogOf(replica)) === 0, 'everything acknowledged is stored', 60_000)
    await end(replica)
  }

  const { acknowledged, statuses, broken } = traffic.sent
  const bodies = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${bodies} answers to telemetry, ${asked.map((each) => [...each].join(' and ')).join('; ')} to polls`)
  expect(broken).toEqual([])
  expect([...statuses.keys()].filter((status) => status !== 200 && status !== 429 && status !== 503)).toEqual([])
  expect(balancer.refused()).toBe(0)
  for (const statusesOfPolls of asked) {
    expect([...statusesOfPolls.keys()].filter((status) => status !== 200 && status !== 304)).toEqual([])
  }
  for (const numbers of looks) expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index))
  expect(goodVerdict.decision).not.toBe('rollback')
  expect(new Set(receiver.received.filter(isRollback).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  await expectStored(acknowledged, bad.id)
  // Two that look at the same moment find each other out; the one that came second says so and looks again.
  const troubles = replicas.flatMap((replica) => replica.troubles).filter((line) => !line.includes('it is tried again'))
  expect(troubles.filter((line) => !line.includes(goneBack))).toEqual([])
  for (const { troubles: own } of last) expect(own.filter((line) => line.includes(goneBack))).toHaveLength(1)
})

async function expectStored(acknowledged: ReadonlyMap<string, number>, badId: string): Promise<void> {
  const storage = ServerStorage.open(new URL(storageUrl))
  try {
    const spans = await storage.query<{ service: string; rows: number; ids: number }>(
      `SELECT ServiceName AS service, count() AS rows, uniqExact(TraceId, SpanId) AS ids FROM otel_traces
       GROUP BY service ORDER BY service`,
    )
    const expected = [...acknowledged].sort().map(([service, count]) => ({ service, rows: count, ids: count }))
    expect(spans).toEqual(expected)
    const rollups = await storage.query<{ service: string; requests: number }>(
      'SELECT Service AS service, sum(N) AS requests FROM rollup_traces_10s GROUP BY service ORDER BY service',
    )
    expect(rollups).toEqual(expected.map(({ service, rows }) => ({ service, requests: rows })))
    const verdicts = await storage.query<{ key: string }>(
      `SELECT DISTINCT Key AS key FROM facts
       WHERE Kind = 'verdict' AND Subject = {id:String} AND JSONExtractString(Body, 'decision') = 'rollback'`,
      { id: badId },
    )
    expect(verdicts).toHaveLength(1)
  } finally {
    await storage.close()
  }
}
