import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chartChecks } from './deploy-checks/chart.ts'
import { controllerChecks } from './deploy-checks/controllers.ts'
import { imageChecks } from './deploy-checks/image.ts'
import { kustomizeChecks } from './deploy-checks/kustomize.ts'
import { machineChecks } from './deploy-checks/machine.ts'
import { stackChecks } from './deploy-checks/stack.ts'

/** What a check may use. */
export type Bench = {
  /** An empty folder, removed afterwards. */
  readonly folder: string
  readonly repository: string
  /** Runs a program and gives its output; its words are in the error when it fails. */
  run(program: string, args: readonly string[], options?: RunOptions): string
  /** Runs a program that has to fail, and gives its words. */
  refused(program: string, args: readonly string[], options?: RunOptions): string
  /** Where kubeconform finds schemas. */
  readonly schemas: string
  /** A folder that stays between runs. */
  readonly cache: string
}

export type RunOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }

/** One part of deploy/, with the tools that it takes; a check returns what it saw, and throws what is wrong. */
export type Check = { readonly name: string; readonly tools: readonly string[]; check(bench: Bench): string }

const repository = join(import.meta.dirname, '../..')
const tools = process.env.DAVY_TOOLS ?? join(process.env.HOME ?? '/root', '.cache/davy-tools')
const path = [join(tools, 'deploy/bin'), join(tools, 'deploy/python/bin'), join(tools, 'bin'), process.env.PATH ?? '']

function has(tool: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', tool], { env: environment(), stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: path.join(delimiter), ...more }
}

function words(error: unknown): string {
  const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string }
  return `${stdout}${stderr}`.trim() || message
}

function openBench(folder: string): Bench {
  const start = (program: string, args: readonly string[], options: RunOptions = {}) =>
    execFileSync(program, args, {
      cwd: options.cwd ?? repository,
      env: environment(options.env),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 2 ** 20,
    })
  return {
    folder,
    repository,
    schemas: join(tools, 'deploy/kubernetes-schemas'),
    cache: join(tools, 'deploy'),
    run(program, args, options) {
      try {
        return start(program, args, options)
      } catch (error) {
        throw new Error(`${program} ${args.join(' ')}:\n${words(error)}`)
      }
    },
    refused(program, args, options) {
      let output: string
      try {
        output = start(program, args, options)
      } catch (error) {
        return words(error)
      }
      throw new Error(`${program} ${args.join(' ')}: expected it to be refused, got:\n${output.slice(-2000)}`)
    },
  }
}

/** Runs one check and says how it went. */
function outcome({ name, tools: wanted, check }: Check): 'ok' | 'failed' | 'missing' {
  const missing = wanted.filter((tool) => !has(tool))
  if (missing.length > 0) {
    process.stdout.write(
      `missing  ${name}: ${missing.join(', ')} (what test/tools/install-deploy.sh does not make, the machine has to have)\n`,
    )
    return 'missing'
  }
  const folder = mkdtempSync(join(tmpdir(), 'davy-deploy-'))
  const startedAt = performance.now()
  try {
    const saw = check(openBench(folder))
    process.stdout.write(`ok       ${name}: ${saw} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)\n`)
    return 'ok'
  } catch (error) {
    process.stdout.write(`FAILED   ${name}: ${(error as Error).message.replaceAll('\n', '\n         ')}\n`)
    return 'failed'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// npm run check:deploy -- [--image] [--strict] [name of a check]...
const { values, positionals } = parseArgs({
  options: { image: { type: 'boolean', default: false }, strict: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const checks = [
  ...stackChecks,
  ...chartChecks,
  ...kustomizeChecks,
  ...controllerChecks,
  ...machineChecks,
  ...imageChecks(values.image),
]
const unknown = positionals.filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0) {
  throw new Error(`expected one of ${checks.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`)
}
const outcomes = checks.filter(({ name }) => positionals.length === 0 || positionals.includes(name)).map(outcome)
const count = (wanted: string) => outcomes.filter((each) => each === wanted).length
process.stdout.write(`\n${count('ok')} ok, ${count('failed')} failed, ${count('missing')} not run for want of a tool\n`)
process.exitCode = count('failed') > 0 || (values.strict && count('missing') > 0) ? 1 : 0
