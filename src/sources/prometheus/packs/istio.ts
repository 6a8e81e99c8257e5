import { coarseLatency, errorRate, type Pack } from './pack.ts'

/** As the destination's sidecar tells. Source: Istio, "Standard Metrics" (istio.io/docs/reference/config/metrics). */
const served = `reporter="destination",destination_canonical_service="\${service}",destination_version="\${version}",destination_workload_namespace=~"\${namespace:-.*}"`

export const istio: Pack = {
  name: 'istio',
  description:
    'Requests as sidecars or waypoints of Istio count them. Pods need the label version (or app.kubernetes.io/version) ' +
    'with the version, and app (or service.istio.io/canonical-name) with the name of the service.',
  metrics: [
    {
      ...errorRate,
      query: {
        errors: `istio_requests_total{${served},response_code=~"5..|0"}`,
        total: `istio_requests_total{${served}}`,
      },
    },
    { ...coarseLatency, query: { durations: `istio_request_duration_milliseconds_bucket{${served}}`, unit: 'ms' } },
  ],
}
