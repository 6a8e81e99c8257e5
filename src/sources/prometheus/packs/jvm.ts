import { level, type Pack } from './pack.ts'

const pods = `pod=~"\${pod}"`

/** Source: Micrometer, JvmMemoryMetrics, JvmGcMetrics, JvmThreadMetrics and ProcessorMetrics in Prometheus' names. */
export const jvm: Pack = {
  name: 'jvm',
  description:
    'The runtime of the JVM by Micrometer (Spring Boot, Quarkus). Its targets need the label pod; the pods are those that ' +
    'the telemetry of both versions names, or that the cohorts match.',
  metrics: [
    {
      ...{ ...level, name: 'jvm-heap', weight: 0.03, margin: 1.5 },
      query: { level: `sum by (pod) (jvm_memory_used_bytes{${pods},area="heap"})` },
    },
    {
      ...{ ...level, name: 'jvm-gc-pause', weight: 0.03, margin: 2, promoteMargin: 3 },
      query: { level: `sum by (pod) (rate(jvm_gc_pause_seconds_sum{${pods}}[2m]))` },
    },
    {
      ...{ ...level, name: 'jvm-threads', weight: 0.02, margin: 1.5 },
      query: { level: `sum by (pod) (jvm_threads_live_threads{${pods}})` },
    },
    {
      ...{ ...level, name: 'jvm-cpu', weight: 0.02, margin: 1.5 },
      query: { level: `max by (pod) (process_cpu_usage{${pods}})` },
    },
  ],
}
