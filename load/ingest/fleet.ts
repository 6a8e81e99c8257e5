/** A pod of the imagined fleet that sends telemetry: one resource with its fourteen attributes. */
export type Pod = {
  readonly service: string
  readonly attributes: readonly (readonly [string, string | readonly string[]])[]
}

/** A route of every service: operation, and about how long a request takes, in milliseconds. */
export type Route = { readonly method: string; readonly path: string; readonly medianMs: number }

export const routes: readonly Route[] = [
  { method: 'GET', path: '/items', medianMs: 12 },
  { method: 'GET', path: '/items/{id}', medianMs: 6 },
  { method: 'POST', path: '/items', medianMs: 30 },
  { method: 'PUT', path: '/items/{id}', medianMs: 22 },
  { method: 'DELETE', path: '/items/{id}', medianMs: 15 },
  { method: 'GET', path: '/search', medianMs: 80 },
  { method: 'POST', path: '/checkout', medianMs: 140 },
  { method: 'GET', path: '/account', medianMs: 9 },
]

/** The services of the fleet. */
export const services = [
  'cart',
  'catalog',
  'checkout',
  'currency',
  'email',
  'inventory',
  'payment',
  'search',
  'shipping',
  'users',
]
const podsPerService = 20

/** Services whose SDK is Node's: it adds a list, `process.command_args`, to every resource. */
const onNode = new Set(['cart', 'email', 'users'])

function podOf(service: string, index: number): Pod {
  const template = `${(service.charCodeAt(0) * 7919 + service.length * 104_729).toString(36)}f8c`
  const name = `${service}-${template}-${(index * 7_907 + 46_656).toString(36)}`
  return {
    service,
    attributes: [
      ['service.name', service],
      ['service.namespace', 'shop'],
      ['service.version', '3.14.2'],
      ['service.instance.id', `5f0c${index.toString(16).padStart(4, '0')}-77aa-4c1e-9d3b-${service.padEnd(12, '0')}`],
      ['deployment.environment.name', 'production'],
      ['k8s.cluster.name', 'eu-central-1-main'],
      ['k8s.namespace.name', 'shop'],
      ['k8s.node.name', `ip-10-0-${index}-${service.length}.eu-central-1.compute.internal`],
      ['k8s.replicaset.name', `${service}-${template}`],
      ['k8s.pod.name', name],
      ['host.arch', 'amd64'],
      ['telemetry.sdk.language', onNode.has(service) ? 'nodejs' : 'java'],
      ['telemetry.sdk.version', onNode.has(service) ? '2.6.1' : '1.58.0'],
      onNode.has(service)
        ? ['process.command_args', ['/usr/local/bin/node', '--enable-source-maps', '/app/dist/main.js']]
        : ['process.runtime.version', '21.0.9+10-LTS'],
    ],
  }
}

/** Ten services with twenty pods each, three of them on Node. */
export const fleet: readonly Pod[] = services.flatMap((service) =>
  Array.from({ length: podsPerService }, (_, index) => podOf(service, index)),
)
