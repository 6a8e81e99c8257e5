/**
 * What exporters that do not run here would say of two versions of the service shop, made by the names and labels that
 * their documents give. It proves that the queries of the packs fit those names, not that the exporters use them.
 * @param seconds since when they have been counting
 */
export function recordedExposition(seconds: number): string {
  return ['1', '2']
    .flatMap((version) => linesOf(version, seconds))
    .join('\n')
    .concat('\n')
}

type Labels = Readonly<Record<string, string>>

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([key, label]) => `${key}="${label}"`)
  return `${name}{${text.join(',')}} ${value}`
}

function histogram(name: string, labels: Labels, bounds: readonly number[], count: number): string[] {
  return [...bounds, Number.POSITIVE_INFINITY].map((bound, index) =>
    line(
      `${name}_bucket`,
      { ...labels, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      index === 0 ? 0 : count,
    ),
  )
}

function linesOf(version: string, seconds: number): string[] {
  const [ok, failed] = [Math.floor(100 * seconds), Math.floor(2 * seconds)]
  const pods = ['a', 'b'].map((name) => `shop-${version}-${name}`)
  const canary = version === '2' ? 'shop-canary' : ''
  const istio = {
    ...{ reporter: 'destination', destination_canonical_service: 'shop', destination_version: version },
    destination_workload_namespace: 'store',
  }
  const nginx = { exported_service: 'shop', exported_namespace: 'store', ingress: 'shop', canary }
  const traefik = { service: `store-shop-${version}-8080@kubernetes`, method: 'GET', protocol: 'http' }
  const group = { target_group: `targetgroup/shop-v${version}/0123456789abcdef`, load_balancer: 'app/shop/0123' }
  return [
    line('istio_requests_total', { ...istio, response_code: '200' }, ok),
    line('istio_requests_total', { ...istio, response_code: '503' }, failed),
    ...histogram('istio_request_duration_milliseconds', { ...istio, response_code: '200' }, [1, 5, 10, 25, 50], ok),
    line('nginx_ingress_controller_requests', { ...nginx, status: '200' }, ok),
    line('nginx_ingress_controller_requests', { ...nginx, status: '502' }, failed),
    ...histogram('nginx_ingress_controller_request_duration_seconds', nginx, [0.005, 0.01, 0.025], ok),
    line('traefik_service_requests_total', { ...traefik, code: '200' }, ok),
    line('traefik_service_requests_total', { ...traefik, code: '500' }, failed),
    ...histogram('traefik_service_request_duration_seconds', { ...traefik, code: '200' }, [0.1, 0.3, 1.2, 5], ok),
    line('aws_applicationelb_request_count_sum', group, 6000),
    line('aws_applicationelb_httpcode_target_5_xx_count_sum', group, 120),
    ...pods.flatMap((pod) => linesOfPod(pod, seconds)),
  ]
}

function linesOfPod(pod: string, seconds: number): string[] {
  const own = { namespace: 'store', pod }
  const container = { ...own, container: 'shop' }
  const inbound = { ...own, direction: 'inbound' }
  return [
    line('response_total', { ...inbound, classification: 'success' }, 50 * seconds),
    line('response_total', { ...inbound, classification: 'failure' }, seconds),
    ...histogram('response_latency_ms', inbound, [1, 2, 3, 4, 5, 10], 50 * seconds),
    line('container_cpu_usage_seconds_total', container, 0.3 * seconds),
    line('container_cpu_usage_seconds_total', { ...own, container: '' }, 0.3 * seconds),
    line('container_memory_working_set_bytes', container, 1.5e8),
    line('container_memory_working_set_bytes', { ...own, container: 'POD' }, 1e6),
    line('container_cpu_cfs_throttled_periods_total', container, seconds),
    line('container_cpu_cfs_periods_total', container, 10 * seconds),
    line('container_oom_events_total', container, 0),
    line('kube_pod_container_status_restarts_total', container, 1),
  ]
}
