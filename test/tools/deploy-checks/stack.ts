import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, Check } from '../check-deploy.ts'

/** The compose folder with secrets made, in a place of its own. */
function composeFolder({ folder, repository, run }: Bench): string {
  const compose = join(folder, 'deploy/compose')
  cpSync(join(repository, 'deploy/compose'), compose, { recursive: true })
  run(join(compose, 'make-secrets.sh'), [join(compose, 'made')])
  cpSync(join(compose, 'made'), join(compose, 'secrets'), { recursive: true, force: true })
  return compose
}

/** A copy of a configuration in which paths of its container lead into `folder`. */
function moved(bench: Bench, file: string, paths: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(bench.repository, file), 'utf8')
  for (const [from, to] of Object.entries(paths)) {
    if (!text.includes(from)) throw new Error(`${file}: expected ${from} in it, got none`)
    text = text.replaceAll(from, to)
  }
  const path = join(bench.folder, file.replaceAll('/', '-'))
  writeFileSync(path, text)
  return path
}

function checkCompose(bench: Bench): string {
  const folder = composeFolder(bench)
  const seen = ['compose.yaml', 'compose.embedded.yaml'].map((file) => {
    const project = bench.run('compose-go', [file], { cwd: folder, env: { COMPOSE_PROFILES: 'full' } })
    return project.match(/^\s+image: /gm)?.length ?? 0
  })
  if (seen[0] !== 7 || seen[1] !== 1) throw new Error(`expected 7 services and 1, got ${seen.join(' and ')}`)
  const wrong = join(folder, 'wrong.yaml')
  writeFileSync(wrong, readFileSync(join(folder, 'compose.yaml'), 'utf8').replaceAll('cap_drop', 'cap_dropp'))
  bench.refused('compose-go', ['wrong.yaml'], { cwd: folder })
  return '7 services and 1; a misspelt key is refused'
}

function checkCollectors(bench: Bench): string {
  const token = join(bench.folder, 'davy-token')
  writeFileSync(token, 'davy_x\n')
  const env = {
    DAVY_ENDPOINT: 'http://davy.davy.svc:4318',
    BACKEND_ENDPOINT: 'tempo.monitoring.svc:4317',
    GATEWAY_ENDPOINT: 'davy-collector.davy.svc:4317',
    NODE_NAME: 'node-1',
    HOST_IP: '192.0.2.1',
  }
  const queue = { '/var/lib/otelcol': join(bench.folder, 'queue') }
  const gateway = moved(bench, 'deploy/collector/gateway.yaml', { ...queue, '/etc/otelcol/secrets/davy-token': token })
  const validate = (...files: readonly string[]) => ['validate', ...files.map((file) => `--config=${file}`)]
  const configurations = [
    [moved(bench, 'deploy/compose/collector/collector.yaml', { '/run/secrets/davy-ingest-token': token })],
    [gateway],
    [gateway, moved(bench, 'deploy/collector/backend.yaml', queue)],
    // Outside of a pod there is no account to show to the kubelet.
    [moved(bench, 'deploy/collector/agent.yaml', { 'auth_type: serviceAccount\n    #': 'auth_type: none\n    #' })],
  ]
  for (const files of configurations) bench.run('otelcol-gateway', validate(...files), { env })
  const wrong = join(bench.folder, 'wrong.yaml')
  writeFileSync(wrong, readFileSync(gateway, 'utf8').replace('wait_for_metadata', 'wait_for_metadatas'))
  bench.refused('otelcol-gateway', validate(wrong), { env })
  return `${configurations.length} configurations; a misspelt key is refused`
}

/** The collector of the stack, with the secrets as they are made: what it sends on has to have the token. */
function checkDelivery(bench: Bench): string {
  const token = join(composeFolder(bench), 'secrets/davy-ingest-token')
  const file = moved(bench, 'deploy/compose/collector/collector.yaml', { '/run/secrets/davy-ingest-token': token })
  const program = fileURLToPath(new URL('./collector-delivers.ts', import.meta.url))
  const said = bench.run(process.execPath, [program, 'otelcol-gateway', file])
  if (said.trim() !== `Bearer ${readFileSync(token, 'utf8').trim()}`)
    throw new Error(`expected the token of the role ingest in the header authorization, got ${JSON.stringify(said)}`)
  return "that of the stack sends a span on, with Davy's token"
}

function checkPrometheus(bench: Bench): string {
  const token = join(bench.folder, 'token')
  writeFileSync(token, 'davy_x\n')
  const file = moved(bench, 'deploy/compose/prometheus/prometheus.yml', {
    '/run/secrets/davy-viewer-token': token,
    '/etc/prometheus/davy': join(bench.repository, 'alerts/rules'),
  })
  const said = bench.run('promtool', ['check', 'config', file])
  const files = said.match(/SUCCESS: \d+ rules found/g)?.length ?? 0
  if (files === 0) throw new Error(`expected rules, got ${said}`)
  return `one configuration with ${files} files of rules`
}

/** With the exclusions of dashboards/.lint, which it finds beside them. */
function checkDashboards({ repository, run }: Bench): string {
  const files = readdirSync(join(repository, 'dashboards')).filter((name) => name.endsWith('.json'))
  for (const file of files) run('dashboard-linter', ['lint', '--strict', join('dashboards', file)])
  return `${files.length} of them have no fault and no warning`
}

export const stackChecks: readonly Check[] = [
  { name: 'compose', tools: ['compose-go', 'openssl'], check: checkCompose },
  { name: 'collector', tools: ['otelcol-gateway'], check: checkCollectors },
  { name: 'collector delivers', tools: ['otelcol-gateway', 'openssl'], check: checkDelivery },
  { name: 'prometheus', tools: ['promtool'], check: checkPrometheus },
  { name: 'dashboards', tools: ['dashboard-linter'], check: checkDashboards },
  {
    name: 'alertmanager',
    tools: ['amtool'],
    check: ({ run }) => run('amtool', ['check-config', 'alerts/alertmanager.yml']).match(/\d+ receivers/)?.[0] ?? 'ok',
  },
]
