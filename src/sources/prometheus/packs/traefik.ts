import { coarseLatency, errorRate, type Pack } from './pack.ts'

/** Source: Traefik, "Metrics", Prometheus (doc.traefik.io/traefik/observability/metrics). */
const served = `service=~"(?:.*-)?\${service}-\${version}(?:-.*)?@.*"`

export const traefik: Pack = {
  name: 'traefik',
  description:
    'Requests as Traefik counts them by its services. Each version needs a service of its own whose name holds the ' +
    "service's name and the version, as shop-checkout-2.4.1-8080@kubernetes.",
  metrics: [
    {
      ...errorRate,
      query: {
        ...{ podLabel: 'none' },
        errors: `traefik_service_requests_total{${served},code=~"5.."}`,
        total: `traefik_service_requests_total{${served}}`,
      },
    },
    {
      ...coarseLatency,
      query: { podLabel: 'none', durations: `traefik_service_request_duration_seconds_bucket{${served}}` },
    },
  ],
}
