import { setTimeout as sleep } from 'node:timers/promises'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'

// A pod of an instrumented service: it answers requests and exports their spans with the SDK's defaults, until SIGTERM.
const { SERVICE, VERSION, POD, RPS, FAILING, OTLP } = process.env as Record<string, string>

const sdk = new NodeSDK({
  resource: resourceFromAttributes({ 'service.name': SERVICE, 'service.version': VERSION, 'k8s.pod.name': POD }),
  traceExporter: new OTLPTraceExporter({ url: `${OTLP}/v1/traces` }),
  metricReaders: [],
  logRecordProcessors: [],
  instrumentations: [],
})
sdk.start()

let isStopping = false
process.once('SIGTERM', () => {
  isStopping = true
})

const tracer = trace.getTracer('pod')
const pauseMs = 50
let due = 0
for (let last = performance.now(); !isStopping; ) {
  const now = performance.now()
  due += ((now - last) / 1000) * Number(RPS)
  last = now
  for (; due >= 1; due -= 1) answer()
  await sleep(pauseMs)
}
await sdk.shutdown()

/** One request that ends now, after some 20 ms. */
function answer(): void {
  const isPayment = Math.random() < 0.5
  const route = isPayment ? '/pay' : '/cart'
  const end = Date.now()
  const span = tracer.startSpan(`POST ${route}`, {
    kind: SpanKind.SERVER,
    startTime: end - 20 * Math.exp(Math.random() - 0.5),
    attributes: { 'http.request.method': 'POST', 'http.route': route },
  })
  if (isPayment && Math.random() < Number(FAILING)) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(end)
}
