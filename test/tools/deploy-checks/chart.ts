import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
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
    'ConfigMap 2, Job 1, NetworkPolicy 1, PodDisruptionBudget 1, ScaledObject 1, Service 2, ServiceAccount 1, StatefulSet 1',
  full: 'ConfigMap 10, Deployment 1, HorizontalPodAutoscaler 1, Ingress 1, Job 1, NetworkPolicy 1, PodDisruptionBudget 1, PrometheusRule 8, Service 1, ServiceAccount 1, ServiceMonitor 1',
}

/** What manifests have to say: lines of Helm's output, as it indents them, in sets of values. */
const said: readonly (readonly [set: string, lines: readonly string[]])[] = [
  ['server', ['path: /livez', 'path: /readyz', 'sleep: { seconds: 5 }', 'terminationGracePeriodSeconds: 40']],
  ['server', ['readOnlyRootFilesystem: true', 'automountServiceAccountToken: false', 'maxUnavailable: 0']],
  ['server', ['secretName: davy-tokens', 'secretName: davy-storage', 'helm.sh/hook: pre-install,pre-upgrade']],
  ['server', ['args: [migrate]', 'policyTypes: [Ingress, Egress]', 'kubernetes.io/metadata.name: clickhouse']],
  ['cluster', ['vault.hashicorp.com/agent-inject: "true"', 'vault.hashicorp.com/agent-pre-populate-only: "true"']],
  ['cluster', ['value: /vault/secrets/tokens.yaml', 'value: /vault/secrets/storage-url', 'minReplicaCount: 3']],
  ['full', ['averageUtilization: 60', 'honorLabels: true', 'replacement: davy', 'grafana_dashboard: "1"']],
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
  return `${refusals.length} wrong values are refused with their reason`
}

function checkKustomize(bench: Bench): string {
  const { folder, repository, run } = bench
  run(join(repository, 'deploy/kustomize/render.sh'), [join(folder, 'made')])
  for (const name of ['base/embedded', 'base/server', 'components/monitoring']) {
    const committed = readFileSync(join(repository, 'deploy/kustomize', name, 'davy.yaml'), 'utf8')
    if (committed !== readFileSync(join(folder, 'made', name, 'davy.yaml'), 'utf8')) {
      throw new Error(
        `deploy/kustomize/${name}/davy.yaml: expected what the chart makes; run deploy/kustomize/render.sh`,
      )
    }
  }
  const build = (path: string) => run('kustomize', ['build', '--load-restrictor', 'LoadRestrictionsNone', path])
  const counts = ['kustomize/overlays/dev', 'kustomize/overlays/prod', 'collector/kubernetes'].map((path) => {
    return `${path} ${conform(bench, basename(path), build(join(repository, 'deploy', path)))}`
  })
  // Kustomize takes no absolute path.
  const kustomize = relative(folder, join(repository, 'deploy/kustomize'))
  const components = ['vault', 'keda'].map((name) => `${kustomize}/components/${name}`)
  const resources = [`${kustomize}/base/server`]
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources, components }))
  const both = build(folder)
  if (/secretName: davy-(tokens|storage)/.test(both))
    throw new Error('vault: expected no Secret to be mounted, got one')
  return `${counts.join(', ')}, vault and keda ${conform(bench, 'components', both)}; bases are what the chart makes`
}

export const chartChecks: readonly Check[] = [
  { name: 'chart', tools: ['helm', 'kubeconform'], check: checkChart },
  { name: 'chart parts', tools: ['helm', 'pod-security-check'], check: checkParts },
  { name: 'chart refuses', tools: ['helm'], check: checkRefusals },
  { name: 'kustomize', tools: ['kustomize', 'helm', 'kubeconform'], check: checkKustomize },
]
