import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Check } from '../check-deploy.ts'

const highestExposure = 2

function checkTerraform(bench: Bench): string {
  const { folder, repository, run } = bench
  const env = { TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1', NO_COLOR: '1' }
  run('terraform', ['fmt', '-check', '-recursive', 'deploy/terraform'], { env })
  const root = join(folder, 'terraform')
  cpSync(join(repository, 'deploy/terraform'), root, { recursive: true })
  // The Helm provider cannot be had without its registry: all is checked but the one resource that is the provider's.
  const main = readFileSync(join(root, 'main.tf'), 'utf8')
  const rest = main.replace(/^resource "helm_release"[\s\S]*?^}$/m, '')
  if (rest === main) throw new Error('deploy/terraform/main.tf: expected a helm_release, got none')
  writeFileSync(join(root, 'main.tf'), rest)
  writeFileSync(join(root, 'versions.tf'), 'terraform {}\n')
  const values = join(root, 'modules/values')
  for (const path of [root, values]) {
    run('terraform', [`-chdir=${path}`, 'init', '-backend=false', '-input=false'], { env })
    run('terraform', [`-chdir=${path}`, 'validate'], { env })
  }
  const said = run('terraform', [`-chdir=${values}`, 'test'], { env })
  const passed = /(\d+) passed, 0 failed/.exec(said)?.[1]
  if (passed === undefined) throw new Error(`expected tests to pass, got ${said}`)
  return `formatted and valid but for helm_release, ${passed} tests of its values`
}

const terraformSets = {
  embedded: 'storage = { kind = "embedded" }',
  server: `storage = { kind = "server", secret = { name = "davy-storage" } }
    replicas = 3
    ingress = { host = "davy.example.com", class = "nginx", tls_secret = "davy-tls" }
    monitoring = { token_secret = "davy-prometheus" }
    config = { retention = { rawDays = 14 } }`,
  scaled: `storage = { kind = "server", url = "http://clickhouse:8123", persistence = true }
    autoscaling = { min = 2, max = 5 }`,
} as const

/** Values as the module makes them, taken by the real chart. */
function checkTerraformValues(bench: Bench): string {
  const { folder, repository, run } = bench
  const env = { TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1', NO_COLOR: '1' }
  for (const [name, variables] of Object.entries(terraformSets)) {
    const root = join(folder, name)
    mkdirSync(root)
    const source = join(folder, 'values')
    cpSync(join(repository, 'deploy/terraform/modules/values'), source, { recursive: true })
    const call = `module "values" {\n  source = "../values"\n  tokens_secret = { name = "davy-tokens" }\n  ${variables}\n}\n`
    writeFileSync(join(root, 'main.tf'), `${call}output "yaml" { value = module.values.yaml }\n`)
    run('terraform', [`-chdir=${root}`, 'init', '-backend=false', '-input=false'], { env })
    run('terraform', [`-chdir=${root}`, 'apply', '-auto-approve', '-input=false'], { env })
    const yaml = join(root, 'values.yaml')
    writeFileSync(yaml, run('terraform', [`-chdir=${root}`, 'output', '-raw', 'yaml'], { env }))
    run('helm', ['template', 'davy', 'deploy/helm/davy', '--values', yaml])
  }
  return `the chart takes the values of ${Object.keys(terraformSets).join(', ')}`
}

function checkAnsible(bench: Bench): string {
  const { folder, repository, run } = bench
  const cwd = join(repository, 'deploy/ansible')
  const env = { ANSIBLE_HOME: join(folder, 'home'), ANSIBLE_LOCALHOST_WARNING: 'false', NO_COLOR: '1' }
  run('ansible-playbook', ['--syntax-check', 'playbook.yml'], { cwd, env })
  const said = run('ansible-lint', ['--offline', '--profile', 'production', '.'], { cwd, env })
  mkdirSync(join(folder, 'release/davy/src'), { recursive: true })
  writeFileSync(join(folder, 'release/davy/package.json'), '{}')
  writeFileSync(join(folder, 'release/davy/src/davy.js'), '')
  const archive = join(folder, 'davy.tar.gz')
  run('tar', ['--create', '--gzip', '--file', archive, '--directory', join(folder, 'release'), 'davy'])
  const sum = run('sha256sum', [archive]).split(' ')[0]!
  const extra = {
    folder: join(folder, 'host'),
    davy_archive: archive,
    davy_archive_sha256: sum,
    davy_node: process.execPath,
  }
  const play = (values: object, ...more: readonly string[]) => [
    'tests/localhost.yml',
    '--extra-vars',
    JSON.stringify(values),
    ...more,
  ]
  run('ansible-playbook', play(extra, '--check'), { cwd, env })
  run('ansible-playbook', play(extra), { cwd, env })
  const again = run('ansible-playbook', play(extra), { cwd, env })
  if (!/changed=0 /.test(again)) throw new Error(`expected a second run to change nothing, got ${again}`)
  bench.refused(
    'ansible-playbook',
    play({ ...extra, davy_archive_sha256: '0'.repeat(64), folder: join(folder, 'other') }),
    {
      cwd,
      env,
    },
  )
  return `linted (${/profile that met.*'(\w+)'/.exec(said)?.[1] ?? 'production'}), run in check mode, for real, and again without a change; a wrong sum is refused`
}

function checkSystemd({ folder, repository, run }: Bench): string {
  const unit = join(folder, 'davy.service')
  // systemd-analyze wants the programs to be there; where Node is depends on the machine.
  const text = readFileSync(join(repository, 'deploy/systemd/davy.service'), 'utf8').replace(
    '/usr/bin/node',
    process.execPath,
  )
  writeFileSync(unit, text)
  run('systemd-analyze', ['verify', unit])
  const said = run('systemd-analyze', ['security', '--offline=yes', unit])
  const exposure = Number(/exposure level for davy\.service: ([\d.]+)/.exec(said)?.[1] ?? 10)
  if (exposure > highestExposure) throw new Error(`expected an exposure of at most ${highestExposure}, got ${exposure}`)
  cpSync(join(repository, 'deploy/systemd/davy.service.d'), `${unit}.d`, { recursive: true })
  run('systemd-analyze', ['verify', unit])
  return `verified with and without its drop-ins, exposure ${exposure}`
}

const pathOfSchema =
  "import check_jsonschema, pathlib; print(pathlib.Path(check_jsonschema.__file__).parent/'builtin_schemas/vendor/renovate.json')"

/** Renovate's schema lets keys pass that it does not know; here they are mistakes. */
function checkRenovate({ folder, repository, run, refused }: Bench): string {
  const path = run('python3', ['-c', pathOfSchema]).trim()
  type Schema = { readonly 'x-renovate-version': string; readonly properties: object }
  const schema = JSON.parse(readFileSync(path, 'utf8')) as Schema
  const strict = join(folder, 'schema.json')
  const properties = { ...schema.properties, $schema: { type: 'string' } }
  writeFileSync(strict, JSON.stringify({ ...schema, properties, additionalProperties: false }))
  const valid = ['--schemafile', strict]
  run('check-jsonschema', [...valid, 'renovate.json'])
  const text = readFileSync(join(repository, 'renovate.json'), 'utf8')
  const mistakes = [
    ['"prConcurrentLimit": 5', '"prConcurrentLimit": "five"'],
    ['"prConcurrentLimit"', '"prConcurentLimit"'],
    ['"groupName": "Node"', '"groupName": 24'],
  ] as const
  for (const [right, wrong] of mistakes) {
    const file = join(folder, 'renovate.json')
    writeFileSync(file, text.replace(right, wrong))
    const said = refused('check-jsonschema', [...valid, file])
    if (!said.includes('Schema validation errors')) throw new Error(`${wrong}: expected a fault of it, got ${said}`)
  }
  return `as the schema of Renovate ${schema['x-renovate-version']} wants it; ${mistakes.length} mistakes are refused`
}

export const machineChecks: readonly Check[] = [
  { name: 'terraform', tools: ['terraform'], check: checkTerraform },
  { name: 'terraform values', tools: ['terraform', 'helm'], check: checkTerraformValues },
  { name: 'ansible', tools: ['ansible-playbook', 'ansible-lint'], check: checkAnsible },
  { name: 'systemd', tools: ['systemd-analyze'], check: checkSystemd },
  {
    name: 'workflows',
    tools: ['actionlint'],
    check({ run }) {
      run('actionlint', [])
      return 'both are as GitHub wants them'
    },
  },
  {
    name: 'renovate',
    tools: ['check-jsonschema', 'python3'],
    check: checkRenovate,
  },
  {
    name: 'scripts',
    tools: ['shellcheck'],
    check({ run }) {
      const scripts = [
        'deploy/compose/make-secrets.sh',
        'deploy/kustomize/render.sh',
        'test/tools/install-deploy.sh',
        'test/tools/base-images.sh',
      ]
      run('shellcheck', scripts)
      return scripts.join(', ')
    },
  },
]
