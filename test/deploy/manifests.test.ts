import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settings } from '../../src/platform/config-schema.ts'
import { filesOf, readText, readYaml, version, yamlFiles } from './read-deploy.ts'

const texts = filesOf(
  'deploy/docker/*',
  'deploy/compose/**/*.{yaml,yml,sh}',
  'deploy/helm/davy/**/*.{yaml,tpl,txt}',
  'deploy/kustomize/**/*.{yaml,sh}',
  'deploy/systemd/**/*.{service,conf}',
  'deploy/ansible/**/*.{yml,j2}',
  'deploy/terraform/**/*.{tf,hcl}',
)
const dockerfile = readText('deploy/docker/Dockerfile')
const defaultOf = (name: string) => String(settings.find(({ path }) => path.join('.') === name)!.schema.default)
const ports = [defaultOf('port'), defaultOf('otlpHttpPort'), defaultOf('otlpGrpcPort')]

/** Variables of Grafana's data sources, which Davy does not read. */
const ofGrafana = /^DAVY_(PROMETHEUS_URL|CLICKHOUSE_HOST|CLICKHOUSE_READER|CLICKHOUSE_PASSWORD)$/

describe('what is deployed', () => {
  it('is YAML', () => {
    expect(yamlFiles.length).toBeGreaterThan(40)
    for (const file of yamlFiles) expect(() => readYaml(file), file).not.toThrow()
  })

  it('sets no variable that Davy does not know', () => {
    const known = new Set(['DAVY_CONFIG', 'DAVY_', ...settings.map(({ variable }) => variable)])
    for (const { variable, schema } of settings) if (schema.secret === true) known.add(`${variable}_FILE`)
    const named = texts.flatMap((file) =>
      (readText(file).match(/\bDAVY_[A-Z_]*/g) ?? []).map((name) => ({ file, name })),
    )
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter(({ name }) => !known.has(name) && !ofGrafana.test(name))).toEqual([])
  })

  it('is of one version', () => {
    const [chart] = readYaml<{ version: string; appVersion: string }>('deploy/helm/davy/Chart.yaml')
    expect(chart).toMatchObject({ version, appVersion: version })
    expect(dockerfile).toContain(`org.opencontainers.image.version="${version}"`)
    expect(readText('deploy/ansible/roles/davy/defaults/main.yml')).toContain(`\ndavy_version: ${version}\n`)
    const tags = texts.flatMap((file) =>
      [...readText(file).matchAll(/\bdavy(?:-shop)?(?::|, newTag: |:"?)(\d+\.\d+\.\d+)/g)].map(
        ([, tag]) => `${file} ${tag}`,
      ),
    )
    expect(tags.length).toBeGreaterThan(5)
    expect(tags.filter((each) => !each.endsWith(` ${version}`))).toEqual([])
  })

  it('names images of Davy that the release workflow pushes', () => {
    const suffixes = [...readText('.github/workflows/release.yml').matchAll(/target: \w+, suffix: "(.*?)"/g)]
    const pushed = suffixes.map(([, suffix]) => `${version}${suffix}`)
    expect(pushed).toHaveLength(2)
    const files = [...texts, ...filesOf('deploy/**/*.{yaml,yml,json,md}', 'deploy/jenkins/*')]
    const named = [...new Set(files)].flatMap((file) =>
      [...readText(file).matchAll(/\bdavy-release\/davy(?::|, newTag: )([\w.-]+)/g)].map(([, tag]) => ({ file, tag })),
    )
    expect(named.map(({ file }) => file)).toContain('deploy/cloud-deploy/verify-job.yaml')
    expect(named.filter(({ tag }) => !pushed.includes(tag!))).toEqual([])
  })

  it('runs the Node of the lock file', () => {
    const lock = JSON.parse(readText('package-lock.json')) as { packages: Record<string, { version: string }> }
    expect(dockerfile).toContain(`\nARG NODE_VERSION=${lock.packages['node_modules/node']!.version}\n`)
  })

  it('listens where Davy does by default, and asks the probes that there are', () => {
    expect(dockerfile).toContain(`\nEXPOSE ${ports.join(' ')}\n`)
    const helpers = readText('deploy/helm/davy/templates/_helpers.tpl')
    expect([...helpers.matchAll(/containerPort: (\d+)/g)].map(([, port]) => port)).toEqual(ports)
    const policy = readText('deploy/helm/davy/templates/networkpolicy.yaml')
    expect([...policy.matchAll(/port: (8080|43\d\d),/g)].map(([, port]) => port)).toEqual(ports)
    const routes = readText('src/http/probe-routes.ts')
    for (const path of ['/livez', '/readyz']) {
      expect(routes).toContain(`'${path}', { config: { role: 'open' }`)
      expect(helpers + readText('deploy/helm/davy/values.yaml')).toContain(path)
    }
  })

  it('names every foreign image by a version', () => {
    const images = [
      ...[...dockerfile.matchAll(/^FROM (\S+:\S+)/gm)].map(([, image]) => image!),
      ...filesOf('deploy/compose/*.yaml', 'deploy/collector/kubernetes/*.yaml').flatMap((file) =>
        [...readText(file).matchAll(/\bimage: (\S+)/g)].map(([, image]) => image!),
      ),
    ]
    expect(images.length).toBeGreaterThan(8)
    // The kustomization beside it says which.
    const unpinned = images.filter((image) => !/:[^:]+$/.test(image) || image.endsWith(':latest'))
    expect([...new Set(unpinned)]).toEqual(['otel/opentelemetry-collector-contrib'])
    expect(readText('deploy/collector/kubernetes/kustomization.yaml')).toMatch(/newTag: \d+\.\d+\.\d+/)
  })

  it('uses one release of the collector', () => {
    const [manifest] = readYaml<{ dist: { version: string } }>('test/tools/gateway-collector.yaml')
    const files = filesOf('deploy/collector/**/*.yaml', 'deploy/compose/compose.yaml')
    const named = files.flatMap((file) =>
      [...readText(file).matchAll(/opentelemetry-collector-contrib(?::|, newTag: | )(\d+\.\d+\.\d+)/g)].map(
        ([, tag]) => tag,
      ),
    )
    expect(named.length).toBeGreaterThan(3)
    expect(new Set(named)).toEqual(new Set([manifest!.dist.version]))
  })

  it('has every alert on Kubernetes without Helm, too', () => {
    const alertsOf = (text: string) => [...text.matchAll(/- alert: (\S+)/g)].map(([, name]) => name).sort()
    const rules = filesOf('alerts/rules/*.yml').flatMap((file) => alertsOf(readText(file)))
    expect(alertsOf(readText('deploy/kustomize/components/monitoring/davy.yaml'))).toEqual(rules.sort())
  })

  it('shows every dashboard on Kubernetes without Helm, too', () => {
    const component = readText('deploy/kustomize/components/monitoring/kustomization.yaml')
    const listed = [...component.matchAll(/dashboards\/(davy-[a-z-]+\.json)/g)].map(([, file]) => file)
    expect(listed).toEqual(filesOf('dashboards/*.json').map((file) => basename(file)))
  })

  it('has no dashboards that kubectl apply could not keep a copy of in an annotation', () => {
    type Generated = { configMapGenerator: { name: string; files: string[] }[] }
    const folder = 'deploy/kustomize/components/monitoring'
    const [component] = readYaml<Generated>(`${folder}/kustomization.yaml`)
    for (const { name, files } of component!.configMapGenerator) {
      const data = files.map((file) => [basename(file), readText(join(folder, file))])
      expect(JSON.stringify(Object.fromEntries(data)).length, name).toBeLessThan(262_144 - 4096)
    }
  })

  it("takes the chart beside Terraform's module, wherever that is called from", () => {
    const [, path] = /"\$\{path\.module\}\/([^"]+)"/.exec(readText('deploy/terraform/main.tf'))!
    expect(readText(join('deploy/terraform', path!, 'Chart.yaml'))).toContain('name: davy')
    // Terraform reads a default from where it was started.
    expect(readText('deploy/terraform/variables.tf')).not.toMatch(/default\s*= "\.\.?\//)
  })
})

describe('the image', () => {
  it('copies nothing that .dockerignore holds back', () => {
    const allowed = readText('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words]) =>
      words!.split(' ').slice(0, -1),
    )
    expect(copied.length).toBeGreaterThan(8)
    const outside = copied.filter((path) => !allowed.some((each) => path === each || path.startsWith(`${each}/`)))
    expect(outside).toEqual([])
  })

  it('runs as nobody, and asks for its health without a shell', () => {
    const runtime = dockerfile.slice(dockerfile.indexOf(' AS runtime'))
    expect(runtime).toMatch(/^USER 65532:65532$/m)
    expect(runtime).not.toMatch(/^RUN /m)
    expect(runtime.match(/^( {2})?(CMD|ENTRYPOINT) .*$/gm)).toEqual([
      '  CMD ["/usr/local/bin/node", "/app/src/davy.js", "healthcheck"]',
      'ENTRYPOINT ["/usr/local/bin/node", "/app/src/davy.js"]',
      'CMD ["serve"]',
    ])
  })
})

describe('workflows', () => {
  it('pin every action by its commit, and name its version', () => {
    const uses = filesOf('.github/workflows/*.yml').flatMap((file) => readText(file).match(/uses: .*$/gm) ?? [])
    expect(uses.length).toBeGreaterThan(10)
    expect(uses.filter((line) => !/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
  })

  it('run scripts that package.json has', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const run = filesOf('.github/workflows/*.yml').flatMap((file) =>
      [...readText(file).matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, script]) => script!),
    )
    expect(run.length).toBeGreaterThan(5)
    expect(run.filter((script) => scripts[script] === undefined)).toEqual([])
  })
})
