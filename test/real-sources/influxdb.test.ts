import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInfluxDbSource } from '../../src/sources/influxdb/influxdb-source.ts'
import { asking, countsOf, hostileVersions, start } from './question-of-now.ts'
import { freePort, newDirectory, type Running, startServers, tools, until } from './running.ts'

const where = `"version" = '\${version}' AND "service" = '\${service}'`
const failed = `${where} AND "code" =~ /^5/`
const of = (field: string, condition: string, measurement = 'requests') => ({ measurement, field, where: condition })
const sums = { errors: of('count', failed), total: of('count', where), operationTag: 'route' }

/** Tags and strings as line protocol has them. A tag cannot have a line's end. */
const tag = (value: string) => value.replaceAll('\n', ' ').replace(/[\\]$/, '\\ ').replace(/[,= ]/g, '\\$&')
const stored = (version: string) => !/[\\\n]/.test(version)

/** One point each second and pod: the canary fails one of five; counters grow from 1000, and one starts anew. */
function lines(): string {
  const points: string[] = []
  for (const version of ['1', '2', ...hostileVersions.filter(stored)]) {
    for (const pod of ['a', 'b']) {
      for (let second = -20; second < 20; second += 1) {
        const at = start + second * 1000
        const tags = `service=shop,version=${tag(version)},pod=${pod},route=/pay`
        const isBad = version === '2' && second % 5 === 0
        points.push(
          `requests,${tags},code=${isBad ? '503' : '200'} count=3i,took=${version === '2' ? 0.02 : 0.01} ${at}`,
        )
        const grown = (second < 5 || pod === 'b' ? 1000 + second : second - 5) * 2
        points.push(`counters,${tags} all=${grown}i,bad=${version === '2' ? grown : 0}i ${at}`)
        for (const [le, share] of Object.entries({ '0.01': 0, '0.1': 1, '+Inf': 1 })) {
          points.push(`histograms,${tags},le=${le} took_bucket=${(1000 + second) * share}i ${at}`)
        }
      }
    }
  }
  return points.join('\n')
}

type Server = { readonly running: Running; readonly source: ReturnType<typeof createInfluxDbSource> }

async function startFirst(): Promise<Server> {
  const [port, rpc, directory] = [await freePort(), await freePort(), await newDirectory('influxdb')]
  const url = `http://127.0.0.1:${port}`
  await writeFile(join(directory, 'influxdb.conf'), configuration(directory, port, rpc))
  const ready = async () => (await fetch(`${url}/ping`)).ok
  const running = await startServers(directory, [[join(tools, 'bin/influxd-1'), '-config', 'influxdb.conf']], ready)
  const call = async (path: string, body: string | URLSearchParams, user = '') => {
    const headers: Record<string, string> = user === '' ? {} : { authorization: `Basic ${btoa(user)}` }
    const response = await fetch(`${url}${path}`, { method: 'POST', body, headers })
    const text = await response.text()
    if (!response.ok || text.includes('"error"')) throw new Error(`${response.status} ${text}`)
  }
  await call('/query', new URLSearchParams({ q: "CREATE USER davy WITH PASSWORD 'secret' WITH ALL PRIVILEGES" }))
  await call('/query', new URLSearchParams({ q: 'CREATE DATABASE telegraf' }), 'davy:secret')
  await call('/write?db=telegraf&precision=ms', lines(), 'davy:secret')
  await writeFile(join(directory, 'password'), 'secret\n')
  const account = { url, database: 'telegraf', timeoutSeconds: 20, concurrency: 4 }
  const login = { userName: 'davy', passwordFile: join(directory, 'password') }
  return { running, source: createInfluxDbSource({ ...account, ...login }) }
}

const servers = [{ name: '1.6', begin: startFirst }]

describe.each(servers)('a real InfluxDB $name', ({ begin }) => {
  let server: Server
  let ask: ReturnType<typeof asking>
  beforeAll(async () => {
    server = await begin()
    ask = asking(server.source, 'influxdb')
    await until(async () => (await ask('proportion', sums))[1]!.baseline.requests > 0)
  })
  afterAll(async () => {
    await server?.source.close()
    await server?.running.stop()
  })

  test('tells of requests and errors that fields add up, and of points', async () => {
    const [first, second] = await ask('proportion', sums)
    expect(first!.canary).toMatchObject({
      ...{ requests: 60, errors: 12, pods: { a: { requests: 30, errors: 6 }, b: { requests: 30, errors: 6 } } },
      operations: { '/pay': { requests: 60, errors: 12 } },
    })
    expect([countsOf(first!.baseline), countsOf(second!.baseline)]).toEqual([
      [60, 0],
      [60, 0],
    ])
    const [points] = await ask('proportion', { ...sums, read: 'points' })
    expect(countsOf(points!.canary)).toEqual([20, 4])
  })

  test('tells of counters, one of which starts anew', async () => {
    const counters = { errors: of('bad', where, 'counters'), total: of('all', where, 'counters'), read: 'cumulative' }
    const [first, second] = await ask('proportion', counters)
    // Pod a grows by 2 a second for five seconds and then counts 0, 2, 4, 6, 8 since its new start.
    expect(first!.canary.pods).toEqual({ a: { requests: 18, errors: 18 }, b: { requests: 20, errors: 20 } })
    expect(countsOf(second!.baseline)).toEqual([40, 0])
  })

  test('tells of durations, one by one and in buckets', async () => {
    const [points] = await ask('distribution', { durations: of('took', where) })
    expect(points!.canary).toMatchObject({ requests: 20, latency: [[Math.floor(Math.log2(0.02e9) * 32), 20]] })
    const buckets = { durations: of('took_bucket', where, 'histograms'), read: 'buckets' }
    const [counted] = await ask('distribution', buckets)
    expect(counted!.canary).toMatchObject({
      ...{ requests: 20, latency: [[Math.round(Math.log2(0.1e9) * 32) - 1, 20]] },
      atLeast: { latency: [[Math.round(Math.log2(0.01e9) * 32), 20]] },
    })
  })

  test('tells of levels and events, and of pods without any', async () => {
    const [levels] = await ask('gauge', { level: of('took', where) })
    expect(levels!.canary.gauges).toMatchObject({ asked: { a: { count: 1, min: 0.02 }, b: { count: 1 } } })
    const [events] = await ask('count', { events: of('count', failed), running: of('count', where), read: 'points' })
    expect(events!.canary.events).toEqual({ asked: { a: 2, b: 2 } })
    expect(events!.baseline.events).toEqual({ asked: { a: 0, b: 0 } })
  })

  test('tells no traffic from no errors', async () => {
    const [nobody] = await ask('proportion', sums, { version: 'nobody' })
    expect(nobody!.canary).toMatchObject({ requests: 0, pods: {} })
    expect(countsOf(nobody!.baseline)).toEqual([60, 0])
  })

  test.each(hostileVersions)('takes the version %j as a value', async (version) => {
    const own = stored(version) ? [60, 0] : [0, 0]
    const [plain] = await ask('proportion', sums, { version })
    expect(countsOf(plain!.canary)).toEqual(own)
    const pattern = `"version" =~ /^\${version}$/`
    const matched = { errors: of('count', `${pattern} AND "code" = '503'`), total: of('count', pattern) }
    expect(countsOf((await ask('proportion', matched, { version }))[0]!.canary)).toEqual(own)
  })

  test('that refuses says why, without a secret', async () => {
    const asked = ask('proportion', { ...sums, total: of('count', `${where} AND = 1`) })
    await expect(asked).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringMatching(/^InfluxDB .*status 400, error parsing query: (?!.*secret)/),
    })
    await expect(ask('proportion', { ...sums, database: 'none' })).rejects.toMatchObject({
      message: expect.stringContaining('database not found'),
    })
  })
})

function configuration(directory: string, port: number, rpc: number): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
dir = "${directory}/meta"
[data]
dir = "${directory}/data"
wal-dir = "${directory}/wal"
[http]
bind-address = "127.0.0.1:${port}"
auth-enabled = true
log-enabled = false
[monitor]
store-enabled = false
`
}
