import { coarseLatency, errorRate, type Pack } from './pack.ts'

/** Source: Linkerd, "Proxy Metrics" (linkerd.io/2/reference/proxy-metrics). */
const served = `direction="inbound",pod=~"\${pod}",namespace=~"\${namespace:-.*}"`

export const linkerd: Pack = {
  name: 'linkerd',
  description:
    'Requests as proxies of Linkerd count them, by pod: the pods are those that the telemetry of both versions names, or ' +
    'that the cohorts match.',
  metrics: [
    {
      ...errorRate,
      query: {
        errors: `response_total{${served},classification="failure"}`,
        total: `response_total{${served}}`,
      },
    },
    { ...coarseLatency, query: { durations: `response_latency_ms_bucket{${served}}`, unit: 'ms' } },
  ],
}
