import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, newDirectory, type Running, startServers, tools } from './running.ts'

/** A carbon-cache and a graphite-web over its files. */
export type Graphite = {
  readonly url: string
  readonly running: Running
  /** Lines of carbon's protocol: path, value, Unix seconds. */
  readonly write: (lines: readonly string[]) => Promise<void>
}

const bin = join(tools, 'graphite/bin')

/** Starts both on free ports. What is called `coarse` is kept once a minute, everything else each ten seconds. */
export async function startGraphite(): Promise<Graphite> {
  const directory = await newDirectory('graphite')
  const [port, lines, pickles, queries] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  for (const name of ['conf', 'storage/whisper', 'storage/log/webapp', 'storage/lists', 'content'])
    await mkdir(join(directory, name), { recursive: true })
  const local = { LINE_RECEIVER_PORT: lines, PICKLE_RECEIVER_PORT: pickles, CACHE_QUERY_PORT: queries }
  const carbon: Readonly<Record<string, string | number>> = {
    ...local,
    ...{
      LINE_RECEIVER_INTERFACE: '127.0.0.1',
      PICKLE_RECEIVER_INTERFACE: '127.0.0.1',
      CACHE_QUERY_INTERFACE: '127.0.0.1',
    },
    ...{ MAX_CREATES_PER_MINUTE: 'inf', MAX_UPDATES_PER_SECOND: 'inf', ENABLE_TAGS: 'True', GRAPHITE_URL: url },
    ...{
      ENABLE_LOGROTATION: 'False',
      CARBON_METRIC_INTERVAL: 0,
      USER: '',
      TAG_UPDATE_INTERVAL: 1,
      TAG_QUEUE_SIZE: 10_000,
    },
    ...{ LOCAL_DATA_DIR: join(directory, 'storage/whisper'), STORAGE_DIR: join(directory, 'storage') },
  }
  const settings = Object.entries(carbon).map(([key, value]) => `${key} = ${value}`)
  await writeFile(join(directory, 'conf/carbon.conf'), `[cache]\n${settings.join('\n')}\n`)
  const schemas = '[coarse]\npattern = ^coarse\\.\nretentions = 60s:1d\n[rest]\npattern = .*\nretentions = 10s:1d\n'
  await writeFile(join(directory, 'conf/storage-schemas.conf'), schemas)
  const web = [
    "SECRET_KEY = 'of a test'",
    "ALLOWED_HOSTS = ['*']",
    `CARBONLINK_HOSTS = ['127.0.0.1:${queries}']`,
    `DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '${join(directory, 'graphite.db')}'}}`,
  ]
  await writeFile(join(directory, 'local_settings.py'), `${web.join('\n')}\n`)
  const env = {
    ...{ GRAPHITE_ROOT: directory, GRAPHITE_CONF_DIR: join(directory, 'conf'), PYTHONPATH: directory },
    ...{ GRAPHITE_STORAGE_DIR: join(directory, 'storage'), GRAPHITE_SETTINGS_MODULE: 'local_settings' },
    ...{ DJANGO_SETTINGS_MODULE: 'graphite.settings', PYTHONDONTWRITEBYTECODE: '1' },
  }
  const django = join(bin, 'django-admin')
  await promisify(execFile)(django, ['migrate', '--run-syncdb'], { env: { ...process.env, ...env } })
  const cache = [
    join(bin, 'carbon-cache.py'),
    `--config=${directory}/conf/carbon.conf`,
    '--nodaemon',
    '--debug',
    'start',
  ] as const
  const commands = [cache, [django, 'runserver', '--noreload', `127.0.0.1:${port}`] as const]
  const isReady = async () => {
    const socket = connect(lines, '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
    return (await fetch(`${url}/render?format=json&target=none`)).ok
  }
  const running = await startServers(directory, commands, isReady, env)
  return {
    ...{ url, running },
    async write(all) {
      const socket = connect(lines, '127.0.0.1')
      socket.end(`${all.join('\n')}\n`)
      await once(socket, 'close')
    },
  }
}
