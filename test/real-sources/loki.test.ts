import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLokiSource } from '../../src/sources/loki/loki-source.ts'
import { asking, countsOf, hostileVersions, start } from './question-of-now.ts'
import { freePort, newDirectory, type Running, startServers, tools, until } from './running.ts'

let running: Running
let source: ReturnType<typeof createLokiSource>
let ask: ReturnType<typeof asking>
let url: string

const selector = `{app="\${service}"} | json | version="\${version}"`
const counted = { errors: `${selector} | status >= 500`, total: selector, operationLabel: 'route' }

beforeAll(async () => {
  const [port, grpc, directory] = [await freePort(), await freePort(), await newDirectory('loki')]
  url = `http://127.0.0.1:${port}`
  await writeFile(join(directory, 'loki.json'), JSON.stringify(configuration(directory, port, grpc)))
  const ready = async () => (await fetch(`${url}/ready`)).ok
  running = await startServers(directory, [[join(tools, 'bin/loki'), '-config.file=loki.json']], ready)
  source = createLokiSource({ url, tenant: 'shop', timeoutSeconds: 20, concurrency: 4 })
  ask = asking(source, 'loki')
  await push()
  await until(async () => (await ask('proportion', counted))[1]!.baseline.requests > 0)
})
afterAll(async () => {
  await source?.close()
  await running?.stop()
})

/** Each second one request by pod: the canary fails one of five, and takes 20 ms where the baseline takes 10 ms. */
async function push(): Promise<void> {
  const line = (version: string, pod: string, second: number) => {
    const status = version === '2' && second % 5 === 0 ? 503 : 200
    const took = version === '2' ? 0.02 : 0.01
    return JSON.stringify({ version, pod, status, took, route: '/pay', odd: second === 3 ? 'n/a' : '1' })
  }
  const values = Array.from({ length: 20 }, (_, second) =>
    ['1', '2', ...hostileVersions.slice(0, 3)].flatMap((version) =>
      ['a', 'b'].map((pod, index) => [
        `${start + second * 1000 + index}000000`,
        line(version, `${version}-${pod}`, second),
      ]),
    ),
  ).flat()
  const response = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-scope-orgid': 'shop' },
    body: JSON.stringify({ streams: [{ stream: { app: 'shop' }, values }] }),
  })
  expect([response.status, await response.text()]).toEqual([204, ''])
}

describe('a real Loki', () => {
  test('tells of requests and errors, by window, pod and operation', async () => {
    const [first, second] = await ask('proportion', counted)
    expect(first!.canary).toMatchObject({
      requests: 20,
      errors: 4,
      operations: { '/pay': { requests: 20, errors: 4 } },
    })
    expect(first!.canary.pods).toEqual({ '2-a': { requests: 10, errors: 2 }, '2-b': { requests: 10, errors: 2 } })
    // Lines at a window's last moment are counted in it, at its first moment in the one before: none twice.
    expect(countsOf(first!.baseline)).toEqual([20, 0])
    expect(first!.baseline.requests + second!.baseline.requests).toBe(39)
  })

  test('tells of durations between the edges of their digits', async () => {
    const [first] = await ask('distribution', { durations: selector, value: 'took' })
    const total = (histogram: readonly (readonly [number, number])[]) => histogram.reduce((sum, [, n]) => sum + n, 0)
    expect(first!.canary.requests).toBe(20)
    expect(total(first!.canary.latency)).toBe(20)
    const bucketOf = (seconds: number) => Math.log2(seconds * 1e9) * 32
    const [[upper], [lower]] = [first!.canary.latency[0]!, first!.canary.atLeast!.latency[0]!]
    expect(upper + 1).toBeGreaterThanOrEqual(bucketOf(0.02))
    expect(lower).toBeLessThanOrEqual(bucketOf(0.02))
    expect(upper - lower).toBeLessThan(4)
    await expect(ask('distribution', { durations: selector, value: 'odd' })).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringContaining('expected a number as odd'),
    })
  })

  test('tells of events, and of pods without any', async () => {
    const query = { events: `{app="\${service}"} | json | version="\${version}" | status >= 500`, running: selector }
    const [first] = await ask('count', query)
    expect(first!.canary.events).toEqual({ asked: { '2-a': 2, '2-b': 2 } })
    expect(first!.baseline.events).toEqual({ asked: { '1-a': 0, '1-b': 0 } })
  })

  test('tells of levels', async () => {
    const level = `avg by (pod) (avg_over_time(${selector} | unwrap took [10s]))`
    const [first] = await ask('gauge', { level })
    expect(first!.canary.gauges).toMatchObject({ asked: { '2-a': { count: 1, sum: 0.02 } } })
  })

  test('tells no traffic from no errors', async () => {
    const [nobody] = await ask('proportion', counted, { version: 'nobody' })
    expect(nobody!.canary).toMatchObject({ requests: 0, pods: {} })
    expect(countsOf(nobody!.baseline)).toEqual([20, 0])
  })

  test.each(hostileVersions)('takes the version %j as a value', async (version) => {
    const own = hostileVersions.slice(0, 3).includes(version) ? [20, 0] : [0, 0]
    const [plain] = await ask('proportion', counted, { version })
    expect(countsOf(plain!.canary)).toEqual(own)
    const pattern = `{app="\${service}"} | json | version=~"\${version}"`
    const [matched] = await ask('proportion', { errors: `${pattern} | status >= 500`, total: pattern }, { version })
    expect(countsOf(matched!.canary)).toEqual(own)
  })

  test('that refuses says why', async () => {
    const query = { errors: `${selector} | status > > 1`, total: selector }
    await expect(ask('proportion', query)).rejects.toMatchObject({
      code: 'SOURCE_DOWN',
      message: expect.stringMatching(/^Loki at .* status 400, .*parse error/),
    })
  })
})

function configuration(directory: string, port: number, grpc: number): object {
  const at = { http_listen_address: '127.0.0.1', grpc_listen_address: '127.0.0.1' }
  return {
    auth_enabled: true,
    server: { ...at, http_listen_port: port, grpc_listen_port: grpc, log_level: 'error' },
    common: {
      ...{ instance_addr: '127.0.0.1', path_prefix: directory, replication_factor: 1 },
      storage: { filesystem: { chunks_directory: `${directory}/chunks`, rules_directory: `${directory}/rules` } },
      ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
    },
    schema_config: {
      configs: [
        {
          ...{ from: '2024-01-01', store: 'tsdb', object_store: 'filesystem', schema: 'v13' },
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    analytics: { reporting_enabled: false },
  }
}
