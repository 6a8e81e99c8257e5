import { describe, expect, it } from 'vitest'
import { filesOf, readText, readYaml } from './read-deploy.ts'

type Exporter = {
  readonly sending_queue: { readonly sizer?: string; readonly queue_size: number; readonly storage?: string }
}
type Relabelling = { readonly target_label?: string; readonly action?: string; readonly regex?: string }
type Collector = {
  readonly extensions: Readonly<Record<string, { readonly directory?: string; readonly max_size?: number }>>
  readonly receivers: {
    readonly kubeletstats?: { readonly endpoint: string; readonly insecure_skip_verify: string }
    readonly 'prometheus/restarts'?: {
      readonly config: { readonly scrape_configs: readonly { readonly relabel_configs: readonly Relabelling[] }[] }
    }
  }
  readonly exporters: Readonly<Record<string, Exporter>>
  readonly service: { readonly pipelines: Readonly<Record<string, { readonly exporters: readonly string[] }>> }
}
type Variable = { readonly name: string; readonly value?: string }
type Workload = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly template: { readonly spec: { readonly containers: readonly { readonly env: readonly Variable[] }[] } }
    readonly volumeClaimTemplates: readonly { readonly spec: { resources: { requests: { storage: string } } } }[]
  }
}

const folder = 'deploy/collector'
const read = (file: string) => readYaml<Collector>(file)[0]!
const [gateway, backend, agent] = ['gateway', 'backend', 'agent'].map((name) => read(`${folder}/${name}.yaml`))
const manifest = (name: string, kind: string) =>
  readYaml<Workload>(`${folder}/kubernetes/${name}.yaml`).find((each) => each.kind === kind)!
const statefulSet = manifest('gateway', 'StatefulSet')
const variablesOf = ({ spec }: Workload) => spec.template.spec.containers[0]!.env.map(({ name }) => name)

describe('the collector', () => {
  it.each(['gateway', 'backend', 'agent'])('%s.yaml names its variables at its head', (name) => {
    const text = readText(`${folder}/${name}.yaml`)
    const head = text.slice(0, text.search(/^[^#]/m))
    const used = [...text.matchAll(/\$\{env:(\w+)/g)].map(([, variable]) => variable!)
    expect(used.length).toBeGreaterThan(1)
    expect(used.filter((variable) => !head.includes(variable))).toEqual([])
  })

  it.each([
    ['gateway', statefulSet],
    ['agent', manifest('agent', 'DaemonSet')],
  ] as const)('its %s gets every variable of its configuration', (name, workload) => {
    const text = readText(`${folder}/${name}.yaml`)
    const used = new Set([...text.matchAll(/\$\{env:(\w+)/g)].map(([, variable]) => variable!))
    expect(variablesOf(workload)).toEqual(expect.arrayContaining([...used]))
  })

  it('reads tokens by its extension: "file:" would take the end of the line into a header', () => {
    const files = filesOf(`${folder}/*.yaml`, 'deploy/compose/collector/*.yaml')
    const withoutComments = (file: string) => readText(file).replaceAll(/^\s*#.*$/gm, '')
    expect(files.filter((file) => withoutComments(file).includes('file:/'))).toEqual([])
    const [compose] = readYaml<{ readonly services: Record<string, { readonly secrets: readonly string[] }> }>(
      'deploy/compose/compose.yaml',
    )
    const mounted = compose!.services['otel-collector']!.secrets.map((name) => `/run/secrets/${name}`)
    const collector = read('deploy/compose/collector/collector.yaml')
    expect(mounted).toContain((collector.extensions['bearertokenauth/davy'] as { readonly filename: string }).filename)
    expect(collector.exporters['otlphttp/davy']).toMatchObject({ auth: { authenticator: 'bearertokenauth/davy' } })
  })

  it('keeps queues in their files, of an extension for each exporter, and all files in the volume', () => {
    const storages = { ...gateway!.extensions, ...backend!.extensions }
    const exporters = Object.values({ ...gateway!.exporters, ...backend!.exporters })
    expect(exporters).toHaveLength(2)
    const files = exporters.map(({ sending_queue: queue }) => {
      const { directory, max_size: maxSize } = storages[queue.storage!]!
      expect(queue.sizer).toBe('bytes')
      // What bbolt needs beside the batches: with 96 MB in the queue its file was 147 MB, with 32 MB it was 54 MB.
      expect(queue.queue_size / maxSize!).toBeLessThanOrEqual(0.6)
      return { directory, bytes: 3 * maxSize! }
    })
    expect(new Set(files.map(({ directory }) => directory)).size).toBe(files.length)
    const [claim] = statefulSet.spec.volumeClaimTemplates
    const volume = Number(/^(\d+)Gi$/.exec(claim!.spec.resources.requests.storage)![1]) * 2 ** 30
    expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(volume)
  })

  it('sends to Davy alone; with backend.yaml traces to a backend, too', () => {
    const exportersOf = ({ service }: Collector) => Object.values(service.pipelines).flatMap((each) => each.exporters)
    expect(new Set(exportersOf(gateway!))).toEqual(new Set(['otlphttp/davy']))
    expect(Object.keys(backend!.service.pipelines)).toEqual(['traces'])
    expect(exportersOf(backend!)).toEqual(['otlphttp/davy', 'otlp/backend'])
    expect(variablesOf(statefulSet).filter((name) => name.startsWith('BACKEND_'))).toEqual([])
  })

  it('asks kube-state-metrics from one of its gateways', () => {
    const [scrape] = gateway!.receivers['prometheus/restarts']!.config.scrape_configs
    const kept = scrape!.relabel_configs.find(({ action }) => action === 'keep')!
    const pods = Array.from({ length: 21 }, (_, index) => `${statefulSet.metadata.name}-${index}`)
    expect(statefulSet.spec.replicas).toBeGreaterThan(1)
    expect(pods.filter((pod) => new RegExp(`^(?:${kept.regex})$`).test(pod))).toEqual([pods[0]])
    expect(scrape!.relabel_configs[0]).toMatchObject({ replacement: expect.stringMatching(/^\$\{env:POD_NAME/) })
  })

  it('asks a kubelet by the address of its node, and lets its certificate be its own', () => {
    const { endpoint, insecure_skip_verify } = agent!.receivers.kubeletstats!
    expect(endpoint).toMatch(/^https:\/\/\$\{env:HOST_IP\}:10250$/)
    expect(insecure_skip_verify).toMatch(/^\$\{env:KUBELET_INSECURE_SKIP_VERIFY:-false\}$/)
  })

  it('is where workloads in a cluster are told to send: Davy itself wants a token', () => {
    const told = filesOf('deploy/**/*.{yaml,yml,json,md}')
      .filter((file) => !file.startsWith('deploy/helm/') && !file.startsWith('deploy/kustomize/'))
      .flatMap((file) => {
        const text = readText(file)
        return [...text.matchAll(/OTEL_EXPORTER_OTLP_ENDPOINT(?:=|\n\s+value: )(http:[^\s`]+\.svc:\d+)/g)]
      })
      .map(([, url]) => url)
    const service = manifest('gateway', 'Service').metadata.name
    const [{ namespace }] = readYaml<{ readonly namespace: string }>(`${folder}/kubernetes/kustomization.yaml`) as [
      { readonly namespace: string },
    ]
    expect(told.length).toBeGreaterThan(1)
    expect(new Set(told)).toEqual(new Set([`http://${service}.${namespace}.svc:4318`]))
  })
})
