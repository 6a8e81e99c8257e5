import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Check } from '../check-deploy.ts'

const nobody = 65532
const [port, otlpHttpPort, otlpGrpcPort] = ['18080', '18318', '18317'] as const

/** Does what the Dockerfile does, but for the base images: the tree that lies in /app of both flavours. */
function replay({ folder, repository, run }: Bench): { embedded: string; slim: string } {
  const [build, embedded, slim] = ['build', 'embedded', 'slim'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const copy = (to: string, ...paths: readonly string[]) => {
    for (const path of paths) cpSync(join(repository, path), join(to, path), { recursive: true })
  }
  copy(build, 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund']
  run('npm', ['ci', ...quiet], { cwd: build })
  run('npm', ['run', 'build'], { cwd: build })
  copy(embedded, 'package.json', 'package-lock.json', 'LICENSE', 'src/davy.js', 'deploy/templates')
  cpSync(join(build, 'dist'), join(embedded, 'dist'), { recursive: true })
  run('npm', ['ci', '--omit=dev', ...quiet], { cwd: embedded })
  cpSync(embedded, slim, { recursive: true })
  for (const name of ['chdb', '@chdb']) rmSync(join(slim, 'node_modules', name), { recursive: true })
  rmSync(build, { recursive: true })
  return { embedded, slim }
}

/** Runs `work` while a program runs, and ends it. */
function beside(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  work: () => string,
): string {
  const child = spawn(program, args, { env, cwd, stdio: 'ignore', detached: true })
  try {
    return work()
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  }
}

/** Starts a flavour as nobody, in a tree that it cannot write, and waits until it says that it is ready. */
function startFlavour(bench: Bench, app: string, storageUrl: string): string {
  const data = `${app}-data`
  mkdirSync(data)
  const tokens = join(bench.folder, 'tokens.yaml')
  writeFileSync(tokens, `- { name: check, role: admin, hash: "sha256:${'0'.repeat(64)}" }\n`)
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    UV_THREADPOOL_SIZE: '16',
    DAVY_HOST: '0.0.0.0',
    DAVY_PORT: port,
    DAVY_OTLP_HTTP_PORT: otlpHttpPort,
    DAVY_OTLP_GRPC_PORT: otlpGrpcPort,
    DAVY_TOKENS_FILE: tokens,
    DAVY_STORAGE_URL: storageUrl,
  }
  chmodSync(bench.folder, 0o755)
  bench.run('chown', [`${nobody}:${nobody}`, data])
  bench.run('chmod', ['--recursive', 'a-w', app])
  const asNobody = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', '--no-new-privs']
  const davy = [...asNobody, process.execPath, join(app, 'src/davy.js')]
  return beside('setpriv', [...davy, 'serve'], env, data, () => {
    const curl = ['--silent', '--fail', '--retry', '60', '--retry-delay', '1', '--retry-all-errors']
    bench.run('curl', [...curl, `http://127.0.0.1:${port}/readyz`])
    bench.run('setpriv', [...davy, 'healthcheck'], { env: env as Record<string, string>, cwd: data })
    return 'ready'
  })
}

function checkImage(bench: Bench): string {
  if (process.getuid?.() !== 0) throw new Error('expected root, to become somebody who may write nothing')
  const { embedded, slim } = replay(bench)
  const front = join(bench.folder, 'front.ts')
  const url = join(bench.folder, 'front.url')
  const module = join(bench.repository, 'test/storage/clickhouse-front.ts')
  writeFileSync(
    front,
    `import { writeFileSync } from 'node:fs'
import { startFront } from ${JSON.stringify(module)}
const front = await startFront()
writeFileSync(${JSON.stringify(url)}, front.url)
process.on('SIGTERM', () => void front.close().then(() => process.exit(0)))
`,
  )
  const env = { ...process.env, UV_THREADPOOL_SIZE: '16' }
  beside(process.execPath, [front], env, bench.folder, () => {
    bench.run('/bin/sh', ['-c', 'for i in $(seq 60); do [ -s "$1" ] && exit 0; sleep 0.5; done; exit 1', 'sh', url])
    return startFlavour(bench, slim, readFileSync(url, 'utf8'))
  })
  const refused = bench.refused(process.execPath, [join(slim, 'src/davy.js'), 'migrate'], {
    cwd: bench.folder,
    env: { DAVY_STORAGE_URL: 'chdb:./data' },
  })
  if (!refused.includes('chDB')) throw new Error(`slim with chdb: expected words about chDB, got ${refused}`)
  startFlavour(bench, embedded, 'chdb:./data')
  return 'both flavours are ready as nobody in a tree without a writable file; slim without chDB, on HTTP'
}

/** @param isWanted the steps of the Dockerfile are replayed, which takes a minute or two and the network. */
export function imageChecks(isWanted: boolean): readonly Check[] {
  const steps: Check = { name: 'image', tools: ['npm', 'setpriv', 'curl'], check: checkImage }
  return [
    {
      name: 'dockerfile',
      tools: ['dockerfile-check'],
      check({ run, refused, folder, repository }) {
        const file = 'deploy/docker/Dockerfile'
        run('dockerfile-check', [file, 'slim', 'embedded', 'shop'])
        const wrong = join(folder, 'Dockerfile')
        writeFileSync(
          wrong,
          readFileSync(join(repository, file), 'utf8').replace('--from=build /app/dist', '--frm=build /app/dist'),
        )
        refused('dockerfile-check', [wrong, 'slim'])
        return 'BuildKit parses, lints and compiles three targets; a misspelt flag is refused'
      },
    },
    ...(isWanted ? [steps] : []),
  ]
}
