import { coarseLatency, errorRate, type Pack } from './pack.ts'

/** Source: ingress-nginx, "Monitoring" (kubernetes.github.io/ingress-nginx/user-guide/monitoring). */
const served = {
  canary: `exported_service=~"\${service}(?:-.*)?",canary!="",exported_namespace=~"\${namespace:-.*}"`,
  baseline: `exported_service=~"\${service}(?:-.*)?",canary="",exported_namespace=~"\${namespace:-.*}"`,
}

const each = (text: (of: string) => string) => ({ baseline: text(served.baseline), canary: text(served.canary) })

export const nginxIngress: Pack = {
  name: 'nginx-ingress',
  description:
    'Requests as ingress-nginx counts them, with a canary Ingress beside the main one: its label canary tells the arms ' +
    'apart. Which pod answered is not told. Services are the one of its name and those that go on with a hyphen.',
  metrics: [
    {
      ...errorRate,
      query: {
        ...{ podLabel: 'none' },
        errors: each((of) => `nginx_ingress_controller_requests{${of},status=~"5.."}`),
        total: each((of) => `nginx_ingress_controller_requests{${of}}`),
      },
    },
    {
      ...coarseLatency,
      query: {
        ...{ podLabel: 'none' },
        durations: each((of) => `nginx_ingress_controller_request_duration_seconds_bucket{${of}}`),
      },
    },
  ],
}
