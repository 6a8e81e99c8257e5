import { events, level, type Pack } from './pack.ts'

const pods = `namespace=~"\${namespace:-.*}",pod=~"\${pod}"`
/** Without the pause container, and without the sum over all of them. */
const containers = `${pods},container!="",container!="POD"`

/** Sources: cadvisor/docs/storage/prometheus.md; kube-state-metrics/docs/metrics/workload/pod-metrics.md. */
export const kubernetes: Pack = {
  name: 'kubernetes',
  description:
    'CPU, memory and throttling of the pods (cAdvisor), their restarts and kills for memory (kube-state-metrics). The ' +
    'pods are those that the telemetry of both versions names, or that the cohorts match.',
  metrics: [
    {
      ...{ ...level, name: 'k8s-cpu', weight: 0.05, margin: 1.5 },
      query: { level: `sum by (pod) (rate(container_cpu_usage_seconds_total{${containers}}[2m]))` },
    },
    {
      ...{ ...level, name: 'k8s-memory', weight: 0.05 },
      query: { level: `sum by (pod) (container_memory_working_set_bytes{${containers}})` },
    },
    {
      ...{ ...level, name: 'k8s-throttling', weight: 0.02, margin: 2, promoteMargin: 3 },
      query: {
        level:
          `sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{${containers}}[2m]))` +
          ` / sum by (pod) (rate(container_cpu_cfs_periods_total{${containers}}[2m]))`,
      },
    },
    {
      ...{ ...events, name: 'k8s-restarts', weight: 0.05 },
      query: { events: `kube_pod_container_status_restarts_total{${pods}}` },
    },
    {
      ...{ ...events, name: 'k8s-oom-kills', weight: 0.03 },
      query: { events: `container_oom_events_total{${containers}}` },
    },
  ],
}
