import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Bench, Check } from '../check-deploy.ts'
import { conform } from './conform.ts'

/** The most that the annotations of an object may have; `kubectl apply` keeps a copy of the object there. */
const annotationBytes = 262_144

/** The overlay with every component that its comment invites to add. */
function checkInvited(bench: Bench): string {
  const { folder, repository, run } = bench
  const prod = join(folder, 'deploy/kustomize/overlays/prod')
  cpSync(join(repository, 'deploy/kustomize'), join(folder, 'deploy/kustomize'), { recursive: true })
  cpSync(join(repository, 'dashboards'), join(folder, 'dashboards'), { recursive: true })
  const file = join(prod, 'kustomization.yaml')
  const text = readFileSync(file, 'utf8')
  const plain = run('kustomize', ['build', '--load-restrictor', 'LoadRestrictionsNone', prod])
  if (!/^ {2}replicas: 3$/m.test(plain)) throw new Error('prod: expected 3 replicas, got another number')
  const invited = [...text.matchAll(/^# +- (\.\..*\/components\/.+)$/gm)].map(([, path]) => path!)
  const labels = /^# labels: (.*)$/m.exec(text)![1]!
  const given = parse(text) as { components: string[] }
  const components = [...given.components, ...invited]
  writeFileSync(file, JSON.stringify({ ...given, components, labels: parse(labels) }))
  const built = run('kustomize', ['build', '--load-restrictor', 'LoadRestrictionsNone', prod])
  if (/^ {2}replicas: /m.test(built)) throw new Error('prod with keda: expected no number of replicas, got one')
  if (!/^ {4}release: /m.test(built)) throw new Error('prod: expected the label release, got none')
  if (!built.includes('kubernetes.io/metadata.name: monitoring'))
    throw new Error('prod: expected its policy to let Prometheus in, got that it does not')
  return `overlays/prod with ${invited.map((path) => basename(path)).join(' and ')} ${conform(bench, 'invited', built)}`
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
    const built = build(join(repository, 'deploy', path))
    for (const document of parseAllDocuments(built)) {
      const size = JSON.stringify(document.toJS()).length
      if (size > annotationBytes) throw new Error(`${path}: expected at most ${annotationBytes} bytes, got ${size}`)
    }
    return `${path} ${conform(bench, basename(path), built)}`
  })
  // Kustomize takes no absolute path.
  const kustomize = relative(folder, join(repository, 'deploy/kustomize'))
  const components = ['vault', 'keda'].map((name) => `${kustomize}/components/${name}`)
  const resources = [`${kustomize}/base/server`]
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources, components }))
  const both = build(folder)
  if (/secretName: davy-(tokens|storage)/.test(both))
    throw new Error('vault: expected no Secret to be mounted, got one')
  counts.push(`vault and keda ${conform(bench, 'components', both)}`, checkInvited(bench))
  return `${counts.join(', ')}; bases are what the chart makes`
}

export const kustomizeChecks: readonly Check[] = [
  { name: 'kustomize', tools: ['kustomize', 'helm', 'kubeconform'], check: checkKustomize },
]
