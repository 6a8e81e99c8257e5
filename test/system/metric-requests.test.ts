import type { Attributes, Histogram } from '@opentelemetry/api'
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Template } from '../../src/domain/template.ts'
import type { Verdict } from '../../src/domain/verdict.ts'
import { type Davy, startDavy, until } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { conventionalBounds } from '../engine/metric-requests.ts'
import { callOf } from '../http/client.ts'
import { random } from '../stats/random.ts'

const template: Template = {
  ...quick,
  name: 'short',
  watermarkSeconds: 5,
  metrics: quick.metrics.map((metric) => ({ ...metric, source: 'metrics' })),
}

type PodOptions = {
  readonly service: string
  readonly version: string
  readonly name: string
  readonly failing: number
  readonly temporality: AggregationTemporality
  readonly isExponential: boolean
}

/** A pod that sends no spans, only the conventional histogram, as the SDK does; it may start anew under its name. */
class Pod {
  readonly #options: PodOptions
  readonly #source: ReturnType<typeof random>
  readonly #timer: NodeJS.Timeout
  #provider: MeterProvider
  #histogram: Histogram

  constructor(options: PodOptions, seed: number) {
    this.#options = options
    this.#source = random(seed)
    this.#provider = this.#start()
    this.#histogram = this.#instrument()
    this.#timer = setInterval(() => this.#answer(), 50)
  }

  #start(): MeterProvider {
    const { service, version, name, temporality, isExponential } = this.#options
    const exporter = exporterOf(temporality)
    const explicit = { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: conventionalBounds } }
    return new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.version': version, 'k8s.pod.name': name }),
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2000, exportTimeoutMillis: 2000 })],
      views: [
        {
          instrumentName: 'http.server.request.duration',
          aggregation: isExponential ? { type: AggregationType.EXPONENTIAL_HISTOGRAM } : (explicit as never),
        },
      ],
    })
  }

  #instrument(): Histogram {
    return this.#provider.getMeter('server').createHistogram('http.server.request.duration', { unit: 's' })
  }

  #answer(): void {
    const failed = this.#source.uniform() < this.#options.failing
    const attributes: Attributes = {
      ...{ 'http.request.method': 'POST', 'http.route': '/pay', 'http.response.status_code': failed ? 500 : 200 },
      ...(failed ? { 'error.type': '500' } : {}),
    }
    this.#histogram.record(0.02 * Math.exp(this.#source.normal() / 2), attributes)
  }

  async restart(): Promise<void> {
    await this.#provider.shutdown()
    this.#provider = this.#start()
    this.#histogram = this.#instrument()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#provider.shutdown()
  }
}

/** The SDK's points in the SDK's bytes; what they cannot be sent with fails the export, and the SDK logs that. */
function exporterOf(temporality: AggregationTemporality): PushMetricExporter {
  return {
    selectAggregationTemporality: () => temporality,
    export(metrics, done) {
      const body = new Uint8Array(ProtobufMetricsSerializer.serializeRequest(metrics)!)
      const headers = { 'content-type': 'application/x-protobuf' }
      fetch(`${davy.otlpUrl}/v1/metrics`, { method: 'POST', headers, body }).then(
        ({ ok }) => done({ code: ok ? 0 : 1 }),
        (error) => done({ code: 1, error }),
      )
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  }
}

const pods: Pod[] = []
let davy: Davy

const call = <T>(method: string, path: string, body?: object): Promise<T> => callOf<T>(davy, method, path, body)

beforeAll(async () => {
  davy = await startDavy()
  await call('PUT', `/api/v1/templates/${template.name}`, template)
})
afterAll(async () => {
  for (const pod of pods) await pod.stop()
  await davy.stop()
})

test.each([
  { service: 'counts', temporality: AggregationTemporality.CUMULATIVE, isExponential: false },
  { service: 'counts finely', temporality: AggregationTemporality.DELTA, isExponential: true },
])('a bad release of a service that $service and sends no spans is rolled back, restarts or not', async (told) => {
  const { service } = told
  for (const name of ['a', 'b', 'c']) {
    pods.push(new Pod({ ...told, version: '1', name: `old-${name}`, failing: 0.02 }, pods.length + 1))
    pods.push(new Pod({ ...told, version: '2', name: `new-${name}`, failing: 0.5 }, pods.length + 1))
  }
  const own = pods.slice(-6)
  const { id } = await call<{ id: string }>('POST', '/api/v1/deployments', {
    ...{ service, canary: { version: '2' }, baseline: { version: '1' }, template: template.name },
  })
  const verdict = () => call<Verdict>('GET', `/api/v1/deployments/${id}/verdict`)
  await until(async () => (await verdict()).look >= 2, 'two looks', 120_000)
  for (const pod of own) await pod.restart()
  const last = await until(async () => ((await verdict()).final ? await verdict() : null), 'a final verdict', 240_000)
  expect(last).toMatchObject({ decision: 'rollback', reason: { code: 'HARM_SHOWN' }, mode: 'enforce' })
  expect(last.metrics[0]).toMatchObject({ name: 'error-rate', canary: { pods: 3 }, baseline: { pods: 3 } })
  expect(last.metrics[0]!.canary.value).toBeGreaterThan(0.4)
  expect(last.metrics[0]!.canary.value).toBeLessThan(0.6)
  // Twenty requests a second of each pod, 600 a look; were they counted twice, it would be 1,200.
  const perLook = last.metrics[0]!.canary.samples / (last.look - 1)
  expect(perLook).toBeLessThan(900)
  const median = last.metrics[1]!.quantiles![0]!
  expect(median.baseline).toBeGreaterThan(0.012)
  expect(median.baseline).toBeLessThan(0.03)
  for (const pod of own) await pod.stop()
})
