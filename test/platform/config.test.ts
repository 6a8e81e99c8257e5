import { describe, expect, test } from 'vitest'
import { defaultPublicUrl, loadConfig } from '../../src/platform/config.ts'
import { renderConfigReference } from '../../src/platform/config-reference.ts'
import { settings } from '../../src/platform/config-schema.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

function reader(files: Record<string, string>) {
  return (path: string) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
    return text
  }
}

function load(env: Record<string, string>, files: Record<string, string> = {}) {
  return loadConfig(env, reader(files))
}

function errorsOf(env: Record<string, string>, files: Record<string, string> = {}): string {
  try {
    load(env, files)
  } catch (error) {
    expect(error).toMatchObject({ name: 'DavyError', code: 'CONFIG' })
    return (error as Error).message
  }
  throw new Error('the configuration was taken')
}

const yaml = (text: string) => errorsOf({ DAVY_CONFIG: '/etc/davy/davy.yaml' }, { '/etc/davy/davy.yaml': text })

describe('sources', () => {
  test('with nothing set, Davy listens on loopback and stores beside itself', () => {
    expect(load({ PATH: '/bin' })).toMatchObject({
      storageUrl: 'chdb:./data',
      host: '127.0.0.1',
      port: 8080,
      otlpHttpPort: 4318,
      otlpGrpcPort: 4317,
      publicUrl: 'http://localhost:8080',
      tokensFile: null,
      tracesEndpoint: null,
      killSwitch: false,
      ingest: { maxBodyBytes: 16 * 1024 ** 2, maxDecompressedBytes: 64 * 1024 ** 2, backlogMaxBytes: 1024 ** 3 },
    })
  })

  test('a variable wins over the file, and the file over the default', () => {
    const files = { 'davy.yaml': 'port: 9000\nlogLevel: debug\ningest:\n  segmentMaxAgeMs: 250\n' }
    const env = { DAVY_CONFIG: 'davy.yaml', DAVY_PORT: '9001', DAVY_INGEST_BACKLOG_MAX_BYTES: '33554432' }
    const config = load(env, files)
    expect(config).toMatchObject({ port: 9001, logLevel: 'debug', publicUrl: 'http://localhost:9001' })
    expect(config.ingest).toMatchObject({ segmentMaxAgeMs: 250, backlogMaxBytes: 33554432, segmentMaxBytes: 16777216 })
  })

  test('a signal can have days of its own beside those of all', () => {
    const files = { 'davy.yaml': 'retention:\n  rawDays: 3\n  traceDays: 1\n' }
    const { retention } = load({ DAVY_CONFIG: 'davy.yaml', DAVY_RETENTION_LOG_DAYS: '14' }, files)
    expect(retention).toEqual({ rawDays: 3, traceDays: 1, logDays: 14, rollupDays: 90, lookDays: 730 })
  })

  test('lists, switches and secrets can be set by variables', () => {
    const env = {
      DAVY_ALLOWED_HOSTS: 'davy.svc, Davy.example.com:8443',
      DAVY_KILL_SWITCH: 'true',
      DAVY_STORAGE_URL_FILE: '/run/storage',
    }
    expect(load(env, { '/run/storage': 'http://u:p@clickhouse:8123\n' })).toMatchObject({
      allowedHosts: ['davy.svc', 'davy.example.com:8443'],
      killSwitch: true,
      storageUrl: 'http://u:p@clickhouse:8123',
    })
  })

  test('a webhook comes with the secrets of its file, which lies beside the configuration', () => {
    const files = {
      '/etc/davy/davy.yaml':
        'webhooks:\n  - name: chat\n    url: https://chat.example.com/hook\n    secretFile: chat.secret\n',
      '/etc/davy/chat.secret': `# rotated\n${secret}\n\n${secret.replace('BwcH', 'CAgI')}\n`,
    }
    const [webhook] = load({ DAVY_CONFIG: '/etc/davy/davy.yaml' }, files).webhooks
    expect(webhook).toMatchObject({
      name: 'chat',
      format: 'cloudevents',
      events: null,
      where: '/etc/davy/davy.yaml:2:5',
    })
    expect(webhook!.secrets).toHaveLength(2)
  })

  test('a path is relative to the file that names it, and to the process in a variable', () => {
    const files = { '/etc/davy/davy.yaml': 'tokensFile: tokens.yaml\ntemplatesDirectory: /srv/templates\n' }
    const env = { DAVY_CONFIG: '/etc/davy/davy.yaml' }
    const paths = { tokensFile: '/etc/davy/tokens.yaml', templatesDirectory: '/srv/templates' }
    expect(load(env, files)).toMatchObject(paths)
    expect(load({ ...env, DAVY_TOKENS_FILE: 'mine.yaml' }, files)).toMatchObject({ ...paths, tokensFile: 'mine.yaml' })
  })

  test('the variables that Kubernetes makes of Services called davy are not taken for settings', () => {
    const env = {
      DAVY_PORT: 'tcp://10.0.0.7:8080',
      DAVY_SERVICE_HOST: '10.0.0.7',
      DAVY_SERVICE_PORT_HTTP: '8080',
      DAVY_PORT_8080_TCP_ADDR: '10.0.0.7',
      DAVY_CLICKHOUSE_PORT: 'tcp://10.0.0.8:8123',
      DAVY_CLICKHOUSE_PORT_8123_TCP: 'tcp://10.0.0.8:8123',
    }
    expect(load(env).port).toBe(8080)
  })

  test("the command line's own variables are none of the server's business, whatever they hold", () => {
    expect(load({ DAVY_URL: 'https://davy.example.com', DAVY_TOKEN: '', DAVY_TOKEN_FILE: '/not/there' })).toEqual(
      load({}),
    )
    expect(errorsOf({ DAVY_TOKENS: 'x' })).toContain('DAVY_TOKENS: expected a known variable')
  })

  test("the standard OpenTelemetry variables say where Davy's own traces go", () => {
    const endpoint = (env: Record<string, string>) => load(env).tracesEndpoint
    expect(endpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tempo:4318/' })).toBe('http://tempo:4318/v1/traces')
    expect(
      endpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:2/x' }),
    ).toBe('http://b:2/x')
    expect(endpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1', OTEL_SDK_DISABLED: 'true' })).toBeNull()
  })
})

describe('refusals', () => {
  test('an unknown key names its line and column and the key that was meant', () => {
    expect(yaml('port: 8080\ningest:\n  maxBodyByte: 5000\n')).toContain(
      '/etc/davy/davy.yaml:3:3: /ingest/maxBodyByte: expected a known key, perhaps maxBodyBytes',
    )
  })

  test('a wrong type says what was expected and what came', () => {
    expect(yaml('port: "eighty"\n')).toContain(
      'davy.yaml:1:1: /port: expected an integer from 0 to 65535, got "eighty"',
    )
    expect(yaml('killSwitch: on\n')).toContain('/killSwitch: expected true or false, got "on"')
    expect(yaml('- port\n')).toContain('davy.yaml:1:1')
    expect(yaml('ingest:\n')).toContain('/ingest: expected an object, got null')
  })

  test('a broken or doubled YAML says where', () => {
    expect(yaml('port: [1\n')).toMatch(/davy\.yaml:\d+:\d+: /)
    expect(yaml('port: 1\nport: 2\n')).toContain('davy.yaml:2:1')
  })

  test('all errors come at once', () => {
    const message = errorsOf({ DAVY_CONFIG: 'c', DAVY_PROT: '1', DAVY_LOG_LEVEL: 'loud' }, { c: 'a: 1\nport: -1\n' })
    expect(message).toContain('4 errors')
    expect(message).toContain('DAVY_PROT: expected a known variable, perhaps DAVY_PORT')
    expect(message).toContain('DAVY_LOG_LEVEL: expected one of "trace", "debug"')
  })

  test.each([
    [{ DAVY_PORT: '' }, 'got an empty value'],
    [{ DAVY_CONFIG: '' }, 'got an empty value'],
    [{ DAVY_PORT: '80.5' }, 'DAVY_PORT: expected an integer'],
    [{ DAVY_KILL_SWITCH: 'yes' }, 'expected true or false'],
    [{ DAVY_CONFIG: '/nowhere' }, "no such file, open '/nowhere'"],
    [{ DAVY_STORAGE_URL_FILE: '/nowhere' }, "no such file, open '/nowhere'"],
    [{ DAVY_STORAGE_URL: 'chdb:x', DAVY_STORAGE_URL_FILE: '/x' }, 'got both'],
    [{ DAVY_STORAGE_URL: 'postgres://db' }, 'expected chdb:<directory>'],
    [{ DAVY_PUBLIC_URL: 'davy.example.com' }, 'DAVY_PUBLIC_URL: /publicUrl'],
    [{ DAVY_ALLOWED_ORIGINS: '*' }, '/allowedOrigins/0: expected an origin'],
    [{ DAVY_ALLOWED_HOSTS: 'http://x' }, '/allowedHosts/0: expected a host'],
    [{ DAVY_PORT: '4317' }, "expected another port than port's"],
    [{ DAVY_INGEST_MAX_BODY_BYTES: '99999999' }, 'expected at least maxBodyBytes'],
  ])('%j is refused', (env, message) => {
    expect(errorsOf(env)).toContain(message)
  })

  test.each(['0.0.0.0', '::', '10.1.2.3', 'davy.example.com'])(
    'listening on %s without tokens is refused, with the way out',
    (host) => {
      expect(errorsOf({ DAVY_HOST: host })).toContain('DAVY_TOKENS_FILE')
      expect(load({ DAVY_HOST: host, DAVY_TOKENS_FILE: '/t' }).tokensFile).toBe('/t')
    },
  )

  test('a webhook needs a name of its own and files that can be read', () => {
    const item = (name: string, more: string) => `  - name: ${name}\n    url: http://x\n${more}`
    const text = `webhooks:\n${item('a', '    secretFile: /good\n')}${item('a', '    secretFile: /none\n')}${item('b', '    urlFile: /good\n')}`
    const message = errorsOf({ DAVY_CONFIG: 'c' }, { c: text, '/good': secret })
    expect(message).toContain('/webhooks/1/name')
    expect(message).toContain('c:7:5: /webhooks/1/secretFile: expected a readable file')
    expect(message).toContain('/webhooks/2/urlFile: expected either it or url, got both')
    expect(message).not.toContain(secret)
  })

  test('what may be sent to although it is not public is a list of networks', () => {
    const load = (networks: string) => errorsOf({ DAVY_DELIVERIES_ALLOWED_NETWORKS: networks }, {})
    expect(load('10.0.0.0/8,10.0.0.0/33')).toContain('expected a network as 10.0.0.0/8 or fd00::/8, got "10.0.0.0/33"')
    expect(load('intranet')).toContain('got "intranet"')
  })

  test.each([
    'postgres://davy:hunter2@db',
    'postgres://davy:@hunter2@db',
    'davy:hunter2@db',
    'http://davy:hunter2/@db',
  ])('no message shows the password of a URL: %s', (url) => {
    const message = errorsOf({ DAVY_STORAGE_URL: url, DAVY_PUBLIC_URL: 'ftp://a:hunter2@b?key=hunter2' })
    expect(message).toContain('2 errors')
    expect(message).not.toContain('hunter2')
  })
})

describe('reference', () => {
  test('loading the whole reference changes nothing', () => {
    expect(load({ DAVY_CONFIG: 'r' }, { r: renderConfigReference() })).toEqual(load({}))
  })

  test('every setting and every variable is in it', () => {
    const reference = renderConfigReference()
    const missing = settings.filter(({ path, variable }) => {
      return !new RegExp(`^\\s*(# )?${path.at(-1)}:`, 'm').test(reference) || !reference.includes(variable ?? '')
    })
    expect(settings.length).toBeGreaterThan(15)
    expect(missing).toEqual([])
  })
})

test('people reach a wildcard bind by localhost and any other by its own name', () => {
  expect(defaultPublicUrl('0.0.0.0', 1)).toBe('http://localhost:1')
  expect(defaultPublicUrl('10.1.2.3', 1)).toBe('http://10.1.2.3:1')
  expect(defaultPublicUrl('fd00::1', 1)).toBe('http://[fd00::1]:1')
})
