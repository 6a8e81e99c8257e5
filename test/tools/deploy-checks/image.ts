import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Check } from '../check-deploy.ts'

const dockerfile = 'deploy/docker/Dockerfile'
const nobody = 65532
const [port, otlpHttpPort, otlpGrpcPort] = ['18080', '18318', '18317'] as const

type Flavour = 'slim' | 'embedded'

/** What is read of an image's settings, and of a container's (OCI runtime specification). */
type ImageConfig = {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Volumes: Readonly<Record<string, object>>
}
/** An image whose files lie in `tree`, until it is removed. */
type Built = { readonly tree: string; readonly config: ImageConfig; remove(): void }
type RuntimeSpec = {
  root: object
  process: object
  mounts: object[]
  linux: { namespaces: { type: string }[]; resources?: object }
}

/** Where buildah keeps the base images and the last images between runs, and the layers of a run that failed. */
const store = (bench: Bench) => {
  const root = join(bench.cache, 'images')
  return (...args: readonly string[]) => bench.run('buildah', ['--root', root, '--runroot', `${root}-run`, ...args])
}

/** The images that the Dockerfile begins with, with its arguments filled in. */
function basesOf(text: string): readonly [node: string, runtime: string] {
  const defaults = new Map([...text.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name!, value!]))
  const bases = [...text.matchAll(/^FROM (\S+:\S+) AS/gm)].map(([, name]) =>
    name!.replace(/\$\{(\w+)\}/g, (_, argument: string) => defaults.get(argument) ?? ''),
  )
  const [node, runtime] = bases
  if (bases.length !== 2 || !node!.startsWith('node:')) throw new Error(`expected Node and a runtime, got ${bases}`)
  return [`docker.io/library/${node}`, runtime!]
}

/** Builds a target of the Dockerfile as it is; says what is wrong with the files that lie in it. */
function build(bench: Bench, flavour: Flavour): Built {
  const buildah = store(bench)
  const mounts = ['--volume', '/etc/ssl/certs:/etc/ssl/certs:ro']
  const how = ['--pull=never', '--layers', '--format', 'docker', '--isolation', 'chroot', '--quiet', ...mounts]
  const image = `localhost/davy:${flavour}`
  buildah('build', ...how, '--file', dockerfile, '--target', flavour, '--tag', image, '.')
  const container = buildah('from', '--pull=never', image).trim()
  const remove = () => void buildah('rm', container)
  const tree = buildah('mount', container).trim()
  const inspected = JSON.parse(buildah('inspect', '--type', 'image', image)) as { Docker: { config: ImageConfig } }
  const listed = ['app', 'app/src', 'app/deploy'].map((path) => readdirSync(join(tree, path)).sort().join(' '))
  const expected = ['LICENSE deploy dist node_modules package.json src', 'davy.js', 'templates']
  const packages = ['chdb', 'typescript', 'vitest'].map((name) => existsSync(join(tree, 'app/node_modules', name)))
  const faults = [
    ...(listed.join('; ') === expected.join('; ') ? [] : [`files ${listed.join('; ')}`]),
    ...(packages.join() === `${flavour === 'embedded'},false,false` ? [] : [`chdb, typescript, vitest: ${packages}`]),
    ...(statSync(join(tree, 'var/lib/davy/data')).uid === nobody ? [] : ['/var/lib/davy/data is not its own']),
    ...(inspected.Docker.config.User === `${nobody}:${nobody}` ? [] : [`user ${inspected.Docker.config.User}`]),
  ]
  if (faults.length === 0) return { tree, config: inspected.Docker.config, remove }
  remove()
  throw new Error(`${flavour}: expected only what runs, as nobody, got ${faults.join(', ')}`)
}

/** A bundle for runc, held as deploy/helm/davy holds a pod: nothing to write but the volume and /tmp, no capability, nobody. */
function bundle(bench: Bench, name: string, image: Built, storageUrl: string, args: readonly string[]): string {
  const env = [
    `DAVY_PORT=${port}`,
    `DAVY_OTLP_HTTP_PORT=${otlpHttpPort}`,
    `DAVY_OTLP_GRPC_PORT=${otlpGrpcPort}`,
    'DAVY_TOKENS_FILE=/run/secrets/tokens',
    `DAVY_STORAGE_URL=${storageUrl}`,
  ]
  const folder = join(bench.folder, name)
  mkdirSync(join(folder, 'data'), { recursive: true })
  bench.run('chown', [`${nobody}:${nobody}`, join(folder, 'data')])
  writeFileSync(join(folder, 'tokens.yaml'), `- { name: check, role: admin, hash: "sha256:${'0'.repeat(64)}" }\n`)
  bench.run('runc', ['spec', '--bundle', folder])
  const spec = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as RuntimeSpec
  const { Entrypoint, Env, Volumes, WorkingDir } = image.config
  const none = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] }
  const bind = (destination: string, source: string, mode: 'ro' | 'rw') => ({
    ...{ destination, type: 'bind', source: join(folder, source) },
    options: ['bind', mode],
  })
  spec.root = { path: image.tree, readonly: true }
  spec.process = {
    ...{ terminal: false, cwd: WorkingDir, args: [...Entrypoint, ...args], user: { uid: nobody, gid: nobody } },
    ...{ env: [...Env, ...env], capabilities: none, noNewPrivileges: true },
  }
  spec.mounts.push(
    ...Object.keys(Volumes).map((path) => bind(path, 'data', 'rw')),
    bind('/run/secrets/tokens', 'tokens.yaml', 'ro'),
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] } as never,
  )
  // The machine's own network, where the storage is.
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== 'network' && type !== 'cgroup')
  delete spec.linux.resources
  writeFileSync(join(folder, 'config.json'), JSON.stringify(spec))
  return folder
}

/** Waits until the container says that it is ready, asks its health check, and stops it as an orchestrator does. */
const lifeOfContainer = `
runc --root "$1/runc" run --bundle "$1" "$2" >"$1/log" 2>&1 &
pid=$!
fail() { cat "$1/log" >&2; runc --root "$1/runc" delete --force "$2" 2>/dev/null; exit 1; }
curl --silent --fail --retry 90 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$3/readyz" || fail "$1" "$2"
runc --root "$1/runc" exec "$2" /usr/local/bin/node /app/src/davy.js healthcheck || fail "$1" "$2"
runc --root "$1/runc" kill "$2" TERM
wait "$pid" || fail "$1" "$2"
`

function start(bench: Bench, flavour: Flavour, image: Built, storageUrl: string): void {
  const folder = bundle(bench, flavour, image, storageUrl, image.config.Cmd)
  bench.run('/bin/sh', ['-c', lifeOfContainer, 'sh', folder, `davy-${flavour}-${process.pid}`, port])
}

/** Runs `work` with the URL of a storage that speaks ClickHouse's HTTP, in a process of its own. */
function besideFront(bench: Bench, work: (url: string) => void): void {
  const [front, url] = [join(bench.folder, 'front.ts'), join(bench.folder, 'front.url')]
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
  const child = spawn(process.execPath, [front], { env, cwd: bench.folder, stdio: 'ignore', detached: true })
  try {
    bench.run('/bin/sh', ['-c', 'for i in $(seq 120); do [ -s "$1" ] && exit 0; sleep 0.5; done; exit 1', 'sh', url])
    work(readFileSync(url, 'utf8'))
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  }
}

function checkImage(bench: Bench): string {
  if (process.getuid?.() !== 0) throw new Error('expected root, who alone can make images without a daemon')
  const text = readFileSync(join(bench.repository, dockerfile), 'utf8')
  const root = join(bench.cache, 'images')
  bench.run(join(bench.repository, 'test/tools/base-images.sh'), [root, ...basesOf(text), process.execPath])
  chmodSync(bench.folder, 0o755)
  const slim = build(bench, 'slim')
  try {
    besideFront(bench, (url) => start(bench, 'slim', slim, url))
    const folder = bundle(bench, 'slim-chdb', slim, 'chdb:./data', ['migrate'])
    const how = ['--root', join(folder, 'runc'), 'run', '--bundle', folder, `davy-chdb-${process.pid}`]
    const refused = bench.refused('runc', how)
    if (!refused.includes('chDB')) throw new Error(`slim with chdb: expected words about chDB, got ${refused}`)
  } finally {
    slim.remove()
  }
  const embedded = build(bench, 'embedded')
  try {
    start(bench, 'embedded', embedded, 'chdb:./data')
  } finally {
    embedded.remove()
  }
  // The layers between: two gigabytes more with each change of the sources.
  store(bench)('rmi', '--prune', '--force')
  return 'both images built on stand-ins of their bases; each got ready in runc as nobody, without a capability, its root read-only, and stopped with 0; slim without chDB, on HTTP'
}

/** @param isWanted images are built and started, which takes some minutes and the network. */
export function imageChecks(isWanted: boolean): readonly Check[] {
  const image: Check = { name: 'image', tools: ['buildah', 'runc', 'mmdebstrap', 'npm', 'curl'], check: checkImage }
  return [
    {
      name: 'dockerfile',
      tools: ['dockerfile-check'],
      check({ run, refused, folder, repository }) {
        run('dockerfile-check', [dockerfile, 'slim', 'embedded', 'shop'])
        const wrong = join(folder, 'Dockerfile')
        writeFileSync(
          wrong,
          readFileSync(join(repository, dockerfile), 'utf8').replace('--from=build /app/dist', '--frm=build /app/dist'),
        )
        refused('dockerfile-check', [wrong, 'slim'])
        return 'BuildKit parses, lints and compiles three targets; a misspelt flag is refused'
      },
    },
    ...(isWanted ? [image] : []),
  ]
}
