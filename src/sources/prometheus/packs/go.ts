import { level, type Pack } from './pack.ts'

const pods = `pod=~"\${pod}"`

/** Source: prometheus/client_golang, collectors.NewGoCollector and NewProcessCollector. */
export const go: Pack = {
  name: 'go',
  description:
    'The runtime of Go by client_golang’s default metrics. Its targets need the label pod; the pods are those that the ' +
    'telemetry of both versions names, or that the cohorts match.',
  metrics: [
    {
      ...{ ...level, name: 'go-goroutines', weight: 0.03, margin: 1.5 },
      query: { level: `sum by (pod) (go_goroutines{${pods}})` },
    },
    {
      ...{ ...level, name: 'go-heap', weight: 0.03, margin: 1.5 },
      query: { level: `sum by (pod) (go_memstats_heap_inuse_bytes{${pods}})` },
    },
    {
      ...{ ...level, name: 'go-cpu', weight: 0.02, margin: 1.5 },
      query: { level: `sum by (pod) (rate(process_cpu_seconds_total{${pods}}[2m]))` },
    },
    {
      ...{ ...level, name: 'go-gc-pause', weight: 0.02, margin: 2, promoteMargin: 3 },
      query: { level: `sum by (pod) (rate(go_gc_duration_seconds_sum{${pods}}[2m]))` },
    },
  ],
}
