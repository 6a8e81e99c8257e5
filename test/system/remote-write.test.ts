import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { startDavy } from '../davy.ts'
import { temporaryDirectory } from '../storage/opened.ts'
import { tool } from './clients/tools.ts'
import { openTarget } from './remote-write/exposition.ts'
import {
  labelsKey,
  type OwnHistogram,
  type OwnSample,
  type PrometheusOptions,
  startPrometheus,
} from './remote-write/prometheus.ts'

const scrapes = 12

type Stored = OwnSample & {
  readonly kind: string
  readonly name: string
  readonly flags: number
  readonly help: string
  readonly traceIds: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
}

type Run = {
  readonly own: { readonly samples: OwnSample[]; readonly histograms: OwnHistogram[] }
  readonly stored: readonly Stored[]
  readonly histograms: readonly (OwnHistogram & { readonly flags: number })[]
  readonly failed: number
}

/** Lets a Prometheus write to a Davy for some scrapes, and reads back what both have of the time in between. */
async function run(options: Pick<PrometheusOptions, 'binary' | 'flags' | 'global' | 'remoteWrite'>): Promise<Run> {
  const [directory, remove] = temporaryDirectory()
  const data = join(directory, 'data')
  mkdirSync(join(directory, 'prometheus'))
  const target = await openTarget()
  const davy = await startDavy({ DAVY_STORAGE_URL: `chdb:${data}` })
  let from: number
  let to: number
  let own: Run['own']
  let failed: number
  try {
    const targets = { 'shop/davy': Number(new URL(davy.url).port), target: target.port }
    const prometheus = await startPrometheus({
      ...options,
      directory: join(directory, 'prometheus'),
      davyUrl: davy.url,
      targets,
    })
    try {
      while (target.scrapes() < scrapes) await sleep(100)
      to = Date.now() - 1000
      from = to - 60_000
      own = await prometheus.raw(60, to / 1000)
      // What Prometheus has until then is in its queues at most; they are sent every half second.
      await sleep(3000)
      const kinds = ['samples', 'histograms', 'exemplars', 'metadata']
      const counts = await Promise.all(
        kinds.map((kind) => prometheus.own(`prometheus_remote_storage_${kind}_failed_total`)),
      )
      failed = counts.reduce((sum, count) => sum + count, 0)
    } finally {
      await prometheus.stop()
    }
  } finally {
    await davy.stop()
    await target.close()
  }
  const storage = EmbeddedStorage.open(data)
  try {
    const rows = await storage.query<Row>(
      `${['gauge', 'sum']
        .map(
          (
            kind,
          ) => `SELECT '${kind}' AS kind, MetricName, ResourceAttributes, Attributes, toUnixTimestamp64Milli(TimeUnix) AS ms,
        toString(Value) AS value, '' AS count, Flags, MetricDescription AS help, Exemplars.TraceId AS traceIds FROM otel_metrics_${kind}`,
        )
        .join(' UNION ALL ')}
      UNION ALL SELECT 'histogram', MetricName, ResourceAttributes, Attributes, toUnixTimestamp64Milli(TimeUnix), toString(Sum), toString(Count), Flags,
        MetricDescription, Exemplars.TraceId FROM otel_metrics_exponential_histogram`,
    )
    const inTime = rows.filter(({ ms }) => ms >= from && ms <= to)
    const stored = inTime
      .filter(({ kind }) => kind !== 'histogram')
      .map((row) => ({ ...storedOf(row), value: numberOf(row.value) }))
    const histograms = inTime
      .filter(({ kind }) => kind === 'histogram')
      .map((row) => ({
        labels: storedOf(row).labels,
        ms: row.ms,
        flags: row.Flags,
        sum: numberOf(row.value),
        count: Number(row.count),
      }))
    return { own, stored, histograms, failed }
  } finally {
    await storage.close()
    remove()
  }
}

type Row = {
  readonly kind: string
  readonly MetricName: string
  readonly ResourceAttributes: Readonly<Record<string, string>>
  readonly Attributes: Readonly<Record<string, string>>
  readonly ms: number
  readonly value: string
  readonly count: string
  readonly Flags: number
  readonly help: string
  readonly traceIds: readonly string[]
}

function storedOf({
  kind,
  MetricName: name,
  ResourceAttributes,
  Attributes: attributes,
  ms,
  Flags: flags,
  help,
  traceIds,
}: Row) {
  const namespace = ResourceAttributes['service.namespace']
  const service = ResourceAttributes['service.name']!
  const labels = labelsKey({
    ...attributes,
    __name__: name,
    job: namespace === undefined ? service : `${namespace}/${service}`,
    instance: ResourceAttributes['service.instance.id']!,
  })
  return { kind, name, labels, ms, flags, help, traceIds, attributes }
}

function numberOf(text: string): number {
  return text === 'nan' ? Number.NaN : Number(text.replace('inf', 'Infinity'))
}

const textOf = ({ labels, ms, value }: OwnSample): string => `${labels} ${ms} ${value}`

/** What both versions have to keep. */
function expectKept({ own, stored, failed }: Run): void {
  const values = stored.filter(({ flags }) => flags === 0)
  const [ours, theirs] = [values, own.samples].map((samples) => samples.map(textOf).sort())
  console.log(`${theirs!.length} samples and ${own.histograms.length} native histograms in Prometheus`)
  expect(theirs!.length).toBeGreaterThan(1000)
  expect(ours).toEqual(theirs)
  expect(failed).toBe(0)
  expect(values.filter(({ labels }) => labels.includes('"shop/davy"')).length).toBeGreaterThan(500)

  const vanishing = stored.filter(({ name }) => name === 'shop_vanishing')
  expect(vanishing.filter(({ flags }) => flags === 0).map(({ value }) => value)).toEqual([1, 2, 3])
  expect(vanishing.filter(({ flags }) => flags === 1).map(({ value }) => value)).toEqual([Number.NaN])

  const paid = stored.filter(({ name, attributes }) => name === 'shop_orders_total' && attributes.outcome === 'paid')
  const traces = paid.flatMap(({ traceIds }) => traceIds)
  expect(traces.length).toBeGreaterThan(scrapes / 2)
  expect(new Set(traces)).toEqual(new Set(['0af7651916cd43dd8448eb211c80319c']))
  const kindOf = (metric: string) => [...new Set(stored.filter(({ name }) => name === metric).map(({ kind }) => kind))]
  expect(kindOf('shop_orders_total')).toEqual(['sum'])
  expect(kindOf('shop_seconds_bucket')).toEqual(['sum'])
  expect(kindOf('shop_size')).toEqual(['gauge'])
  expect(kindOf('target_info')).toEqual(['gauge'])
}

describe('everything that a real Prometheus has, value by value', () => {
  test("Debian's, with Remote-Write 1.0", async () => {
    const result = await run({
      binary: 'prometheus',
      flags: ['--enable-feature=exemplar-storage,native-histograms'],
      global: '',
      remoteWrite: '',
    })
    expectKept(result)
    // Nothing but its name tells of which kind a series is.
    expect(result.stored.find(({ name }) => name === 'shop_carts_total')).toMatchObject({ kind: 'sum', help: '' })
  })

  test('a current one, with Remote-Write 2.0: types and native histograms too', async () => {
    // Types come by this feature; with metadata-wal-records version 3.10 sends neither types nor help texts.
    const result = await run({
      binary: tool('bin/prometheus'),
      flags: ['--enable-feature=exemplar-storage,type-and-unit-labels'],
      global: '  scrape_native_histograms: true',
      remoteWrite: '    protobuf_message: io.prometheus.write.v2.Request',
    })
    expectKept(result)
    expect(result.stored.find(({ name }) => name === 'shop_carts_total')).toMatchObject({ kind: 'gauge' })
    const text = ({ labels, ms, count, sum }: OwnHistogram) => `${labels} ${ms} ${count} ${sum}`
    expect(result.own.histograms.length).toBeGreaterThan(20)
    const values = result.histograms.filter(({ flags }) => flags === 0)
    expect(values.map(text).sort()).toEqual(result.own.histograms.map(text).sort())
  })
})

test("Prometheus' own tests of receivers (github.com/prometheus/compliance) pass", async () => {
  const [directory, remove] = temporaryDirectory()
  const davy = await startDavy()
  const config = join(directory, 'config.yml')
  writeFileSync(config, `remote_write:\n  - name: davy\n    url: ${davy.url}/api/v1/write\n`)
  const env = { ...process.env, PROMETHEUS_RW2_COMPLIANCE_CONFIG_FILE: config }
  const { stdout } = await promisify(execFile)(tool('bin/remote-write-compliance'), ['-test.v'], {
    env,
    maxBuffer: 2 ** 26,
  }).catch((error) => error)
  await davy.stop()
  remove()
  const results = (stdout as string).match(/^ *--- (PASS|FAIL|SKIP).*/gm) ?? []
  expect(results.filter((line) => !line.includes('PASS'))).toEqual([])
  // Some 450 with their parts; none would mean that nothing ran.
  expect(results.length).toBeGreaterThan(300)
})
