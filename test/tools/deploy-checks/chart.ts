import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Bench, Check } from '../check-deploy.ts'
import { conform, restricted } from './conform.ts'

const chart = 'deploy/helm/davy'

type Manifest = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: unknown
}

function template({ run }: Bench, ...values: readonly string[]): string {
  return run('helm', ['template', 'davy', chart, '--namespace', 'davy', ...values])
}

function checkCarried(bench: Bench, manifests: readonly Manifest[]): void {
  for (const [folder, extension] of [
    ['dashboards', '.json'],
    ['alerts/rules', '.yml'],
  ] as const) {
    for (const file of readdirSync(join(bench.repository, folder)).filter((name) => name.endsWith(extension))) {
      const text = readFileSync(join(bench.repository, folder, file), 'utf8')
      const rules = JSON.stringify(parseAllDocuments(text)[0]!.toJS())
      const isThere = manifests.some(({ data, spec }) => data?.[file] === text || JSON.stringify(spec) === rules)
      if (!isThere) throw new Error(`${folder}/${file}: expected it in what the chart makes, as it is, got none`)
    }
  }
}

function checkChart(bench: Bench): string {
  const sets = readdirSync(join(bench.repository, chart, 'ci')).filter((name) => name.endsWith('-values.yaml'))
  const counts = sets.map((set) => {
    const file = join(chart, 'ci', set)
    bench.run('helm', ['lint', '--strict', chart, '--values', file])
    return `${basename(set, '-values.yaml')} ${conform(bench, set, template(bench, '--values', file))}`
  })
  const all = template(
    bench,
    ...['--values', join(chart, 'ci/full-values.yaml'), '--set', 'monitoring.prometheusRule.rollbackPages=true'],
  )
  checkCarried(
    bench,
    parseAllDocuments(all).map((document) => document.toJS() as Manifest),
  )
  return `objects of each set of values: ${counts.join(', ')}`
}

/** The kinds of objects that a set of values makes: a part that went missing, or came unasked, is seen here. */
const made: Readonly<Record<string, string>> = {
  minimal: 'NetworkPolicy 1, Service 2, ServiceAccount 1, StatefulSet 1',
  embedded: 'ConfigMap 8, Ingress 1, NetworkPolicy 1, Service 2, ServiceAccount 1, ServiceMonitor 1, StatefulSet 1',
  server: 'Deployment 1, Job 1, NetworkPolicy 1, PodDisruptionBudget 1, Service 1, ServiceAccount 1',
  cluster:
    'ConfigMap 1, NetworkPolicy 1, PodDisruptionBudget 1, ScaledObject 1, Service 2, ServiceAccount 1, StatefulSet 1',
  full: 'ConfigMap 10, Deployment 1, HorizontalPodAutoscaler 1, Ingress 1, Job 1, NetworkPolicy 1, PodDisruptionBudget 1, PrometheusRule 8, Service 1, ServiceAccount 1, ServiceMonitor 1',
}

/** What manifests have to say: lines of Helm's output, as it indents them, in sets of values. */
const said: readonly (readonly [set: string, lines: readonly string[]])[] = [
  ['server', ['path: /livez', 'path: /readyz', 'sleep: { seconds: 5 }', 'terminationGracePeriodSeconds: 40']],
  ['server', ['readOnlyRootFilesystem: true', 'automountServiceAccountToken: false', 'maxUnavailable: 0']],
  ['server', ['secretName: davy-tokens', 'secretName: davy-storage', 'helm.sh/hook: pre-install,pre-upgrade']],
  ['server', ['args: [migrate]', 'policyTypes: [Ingress, Egress]', 'kubernetes.io/metadata.name: clickhouse']],
  ['cluster', ['vault.hashicorp.com/agent-inject: "true"', 'minReplicaCount: 3']],
  ['cluster', ['value: /vault/secrets/tokens.yaml', 'value: /vault/secrets/storage-url']],
  ['full', ['averageUtilization: 60', 'honorLabels: true', 'replacement: davy', 'grafana_dashboard: "1"']],
  ['full', ['priorityClassName: system-cluster-critical', 'arch: amd64', 'mountPath: /etc/davy/integrations']],
  ['full', ['host: "*.releases.example.com"', ',davy.example.com,davy.internal.example.com"', 'port: 9090']],
]

function kindsIn(manifests: string): string {
  const kinds = [...manifests.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind!).sort()
  return [...new Set(kinds)].map((kind) => `${kind} ${kinds.filter((each) => each === kind).length}`).join(', ')
}

function checkParts(bench: Bench): string {
  const sets = Object.keys(made)
  const rendered = new Map(sets.map((set) => [set, template(bench, '--values', join(chart, `ci/${set}-values.yaml`))]))
  let pods = 0
  for (const [set, manifests] of rendered) {
    const kinds = kindsIn(manifests)
    if (kinds !== made[set]) throw new Error(`${set}: expected ${made[set]}, got ${kinds}`)
    pods += restricted(bench, set, manifests)
  }
  for (const [set, lines] of said) {
    const missing = lines.filter((line) => !rendered.get(set)!.includes(line))
    if (missing.length > 0) throw new Error(`${set}: expected ${missing.join(' and ')}, got none`)
  }
  const open = join(bench.folder, 'open.yaml')
  writeFileSync(open, rendered.get('server')!.replaceAll('allowPrivilegeEscalation: false', 'privileged: true'))
  if (!bench.refused('pod-security-check', [open]).includes('privileged')) throw new Error('expected "privileged"')
  return `all parts of ${sets.length} sets of values; ${pods} pods are restricted, and a privileged one is refused`
}

/** What must not be installed, with words of the reason. */
const refusals: readonly (readonly [set: string, values: readonly string[], reason: string])[] = [
  ['minimal', ['access.existingSecret.name='], 'does not listen beyond loopback without tokens'],
  ['minimal', ['replicas=2'], 'Two processes cannot open one ClickHouse'],
  ['minimal', ['storage.persistence.enabled=false'], 'all data goes with the pod'],
  ['minimal', ['autoscaling.enabled=true'], 'expected neither with storage.kind embedded'],
  ['minimal', ['storage.url=http://clickhouse:8123'], 'did you mean storage.kind server'],
  ['server', ['storage.existingSecret.name='], 'expected one of url'],
  ['server', ['storage.url=http://clickhouse:8123'], 'got 2'],
  ['server', ['storage.url=http://davy:secret@clickhouse:8123'], 'does not match pattern'],
  ['server', ['autoscaling.enabled=true', 'keda.enabled=true'], 'expected one of them, got both'],
  ['server', ['monitoring.serviceMonitor.enabled=true'], 'a token of the role viewer'],
  ['server', ['podSecurityContext.runAsNonRoot=false'], 'runAsNonRoot'],
  ['server', ['nope=1'], "'nope' not allowed"],
  ['server', ['config.port=9090'], 'config.port: expected none'],
  ['server', ['config.otlpGrpcPort=14317'], 'config.otlpGrpcPort: expected none'],
  ['server', ['config.allowedHosts={davy.example.com}'], 'config.allowedHosts: expected none'],
  ['server', ['config.tokensFile=tokens.yaml'], 'config.tokensFile: expected none'],
  ['full', ['config.publicUrl=https://davy.example.com'], 'config.publicUrl: expected none'],
  ['server', ['env.DAVY_PORT=9090'], 'env.DAVY_PORT: expected none'],
  ['server', ['env.DAVY_STORAGE_URL=http://clickhouse:8123'], 'env.DAVY_STORAGE_URL: expected none'],
  ['server', ['extraEnv[0].name=POD_NAMESPACE'], 'extraEnv: POD_NAMESPACE: expected none'],
  ['full', ['extraEnv[0].name=DAVY_LOG_LEVEL'], 'another name than those of env'],
  ['server', ['preStopSleepSeconds=15'], 'expected at least 41'],
  ['server', ['config.drainMs=9001'], 'expected at least 41'],
  ['server', ['config.drainMs=1', 'env.DAVY_DRAIN_MS=15000'], 'expected at least 46'],
  ['server', ['autoscaling.enabled=true', 'autoscaling.minReplicas=7'], 'autoscaling.maxReplicas: expected at least'],
  ['cluster', ['keda.maxReplicas=2'], 'keda.maxReplicas: expected at least minReplicas (3), got 2'],
]

function checkRefusals(bench: Bench): string {
  for (const [set, values, reason] of refusals) {
    const given = values.flatMap((value) => ['--set', value])
    const said = bench.refused('helm', [
      'template',
      'davy',
      chart,
      '--values',
      join(chart, `ci/${set}-values.yaml`),
      ...given,
    ])
    if (!said.includes(reason)) throw new Error(`${values.join(' ')}: expected "${reason}", got ${said}`)
  }
  // As Flux fetches it: without what is a symbolic link.
  const bare = join(bench.folder, 'davy')
  cpSync(join(bench.repository, chart), bare, { recursive: true, filter: (source) => basename(source) !== 'files' })
  for (const part of ['prometheusRule', 'dashboards']) {
    const values = ['--set', `access.existingSecret.name=davy-tokens,monitoring.${part}.enabled=true`]
    const said = bench.refused('helm', ['template', 'davy', bare, ...values])
    if (!said.includes('take the packaged chart')) throw new Error(`${part} without files: got ${said}`)
  }
  return `${refusals.length} wrong values are refused with their reason, and so is a chart without its files`
}

type Pod = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly serviceAccountName: string
    readonly affinity?: { readonly nodeAffinity?: unknown }
    readonly containers: readonly {
      readonly env: unknown
      readonly volumeMounts: readonly { readonly name: string }[]
    }[]
    readonly volumes: readonly { readonly name: string }[]
  }
}

type Policy = {
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[]
}

/** The `spec` of the object of that kind; undefined: there is none. */
function specOf<Spec>(manifests: string, kind: string): Spec | undefined {
  const found = parseAllDocuments(manifests).map((document) => document.toJS() as Manifest | null)
  return found.find((each) => each?.kind === kind)?.spec as Spec | undefined
}

function podOf(manifests: string, kind: string): Pod | undefined {
  return specOf<{ template: Pod }>(manifests, kind)?.template
}

/** Where a pod may run, what it is told, and what it can read: all that Davy and the migration have to agree in. */
function surroundings({ spec }: Pod): string {
  const [container] = spec.containers
  const own = new Set(['data', 'config', 'templates'])
  const shared = (each: readonly { readonly name: string }[]) => each.filter(({ name }) => !own.has(name))
  const { nodeSelector, tolerations, priorityClassName, affinity } = spec
  const { env, volumeMounts } = container!
  const nodes = [nodeSelector, tolerations, priorityClassName, affinity?.nodeAffinity]
  return JSON.stringify([nodes, env, shared(volumeMounts), shared(spec.volumes)])
}

const mine = ['--set', 'serviceAccount.create=false,serviceAccount.name=mine']

/** Whose account migrates; null: nothing does before the pods. */
const accounts: readonly (readonly [set: string, args: readonly string[], account: string | null])[] = [
  ['server', [], 'default'],
  ['server', mine, 'mine'],
  ['cluster', [], null],
  ['cluster', ['--is-upgrade'], 'davy'],
  ['cluster', mine, 'mine'],
]

function checkMigration(bench: Bench): string {
  const rendered = (set: string, ...args: readonly string[]) =>
    template(bench, '--values', join(chart, `ci/${set}-values.yaml`), ...args)
  for (const [set, args, account] of accounts) {
    const got = podOf(rendered(set, ...args), 'Job')?.spec.serviceAccountName ?? null
    if (got !== account) throw new Error(`${set} ${args.join(' ')}: expected the account ${account}, got ${got}`)
  }
  if (!rendered('cluster', '--is-upgrade').includes('vault.hashicorp.com/agent-pre-populate-only: "true"'))
    throw new Error('cluster: expected an agent that ends with the migration, got none')
  const full = rendered('full')
  const [server, job] = [podOf(full, 'Deployment')!, podOf(full, 'Job')!]
  if (surroundings(server) !== surroundings(job)) {
    throw new Error(`expected a migration as the pods are: ${surroundings(server)}, got ${surroundings(job)}`)
  }
  const asked = ['--set', 'migration.podAnnotations.asked=yes,migration.podLabels.asked=yes']
  const labelled = JSON.stringify(podOf(rendered('server', ...asked), 'Job')!.metadata)
  if (labelled.match(/"asked":"yes"/g)?.length !== 2) throw new Error(`expected what was asked for, got ${labelled}`)
  return `${accounts.length} accounts; the job runs where, with and on what the pods do`
}

const ports = [
  ['https://clickhouse.example.com', '443,8443'],
  ['http://clickhouse:9123/davy?cluster=main', '9123'],
  ['http://[fd00::1]:8123', '8123'],
] as const

function checkPolicy(bench: Bench): string {
  const values = ['--values', join(chart, 'ci/full-values.yaml')]
  for (const [url, port] of ports) {
    const { egress } = specOf<Policy>(template(bench, ...values, '--set', `storage.url=${url}`), 'NetworkPolicy')!
    const got = egress[1]!.ports.map((each) => each.port)
    if (got.join() !== port) throw new Error(`${url}: expected egress to ${port}, got ${got.join()}`)
  }
  const full = template(bench, ...values)
  const selected = Object.entries(specOf<Policy>(full, 'NetworkPolicy')!.podSelector.matchLabels)
  const isSelected = (kind: string) =>
    selected.every(([label, value]) => podOf(full, kind)!.metadata.labels[label] === value)
  if (!isSelected('Deployment') || isSelected('Job')) throw new Error("expected a policy of Davy's pods, not the job's")
  return `to ClickHouse at ${ports.map(([url]) => url).join(', ')}; of the pods, not of the migration`
}

export const chartChecks: readonly Check[] = [
  { name: 'chart', tools: ['helm', 'kubeconform'], check: checkChart },
  { name: 'chart parts', tools: ['helm', 'pod-security-check'], check: checkParts },
  { name: 'chart refuses', tools: ['helm'], check: checkRefusals },
  { name: 'chart migration', tools: ['helm'], check: checkMigration },
  { name: 'chart network policy', tools: ['helm'], check: checkPolicy },
]
