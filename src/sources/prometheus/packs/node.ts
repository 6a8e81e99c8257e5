import { level, type Pack } from './pack.ts'

const pods = `pod=~"\${pod}"`

/** Source: siimon/prom-client, default metrics. */
export const node: Pack = {
  name: 'node',
  description:
    'The runtime of Node.js by prom-client’s default metrics. Its targets need the label pod; the pods are those that the ' +
    'telemetry of both versions names, or that the cohorts match.',
  metrics: [
    {
      ...{ ...level, name: 'node-event-loop-lag', weight: 0.03, margin: 2, promoteMargin: 3 },
      query: { level: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${pods}})` },
    },
    {
      ...{ ...level, name: 'node-heap', weight: 0.02, margin: 1.5 },
      query: { level: `sum by (pod) (nodejs_heap_size_used_bytes{${pods}})` },
    },
    {
      ...{ ...level, name: 'node-cpu', weight: 0.03, margin: 1.5 },
      query: { level: `sum by (pod) (rate(process_cpu_seconds_total{${pods}}[2m]))` },
    },
    {
      ...{ ...level, name: 'node-gc', weight: 0.02, margin: 2, promoteMargin: 3 },
      query: { level: `sum by (pod) (rate(nodejs_gc_duration_seconds_sum{${pods}}[2m]))` },
    },
  ],
}
