import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { prometheusAccounts } from '../../src/sources/index.ts'

const files: Readonly<Record<string, string>> = {
  '/etc/davy/token': 'secret',
  '/run/ca.pem': 'pem',
  '/etc/davy/empty': '',
}

function load(sources: string, env: Record<string, string> = {}) {
  return loadConfig({ DAVY_CONFIG: '/etc/davy/davy.yaml', ...env }, (path) => {
    if (path === '/etc/davy/davy.yaml') return `sources:\n${sources}`
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
    return text
  })
}

describe('sources in the configuration', () => {
  test('of Prometheus are one without a name and others with one, their files beside the configuration', () => {
    const { sources } = load(`  prometheus:
    url: http://prometheus:9090
    bearerTokenFile: token
    accounts:
      - {name: mesh, url: "https://mimir/prometheus", tenant: mesh, caFile: /run/ca.pem}
`)
    expect(prometheusAccounts(sources)).toEqual([
      {
        name: 'default',
        url: 'http://prometheus:9090',
        bearerTokenFile: '/etc/davy/token',
        timeoutSeconds: 8,
        concurrency: 4,
      },
      {
        name: 'mesh',
        url: 'https://mimir/prometheus',
        tenant: 'mesh',
        caFile: '/run/ca.pem',
        timeoutSeconds: 8,
        concurrency: 4,
      },
    ])
  })

  test('may come from the environment', () => {
    const { sources } = load('  {}\n', { DAVY_SOURCES_PROMETHEUS_URL: 'http://prometheus:9090' })
    expect(prometheusAccounts(sources).map(({ url }) => url)).toEqual(['http://prometheus:9090'])
  })

  test.each([
    {
      name: 'an unknown key',
      text: '  prometheus: {urls: x}\n',
      said: '/sources/prometheus/urls: expected a known key',
    },
    { name: 'a password in a URL', text: '  prometheus: {url: "http://a:b@c"}\n', said: '/sources/prometheus/url' },
    { name: 'a file that is not there', text: '  prometheus: {bearerTokenFile: none}\n', said: 'a readable file' },
    { name: 'an empty file', text: '  prometheus: {bearerTokenFile: empty}\n', said: 'not empty' },
    {
      name: 'a password without a user',
      text: '  clickhouse: {passwordFile: token}\n',
      said: '/sources/clickhouse/userName',
    },
    { name: 'a password in a URL of Loki', text: '  loki: {url: "http://a:b@c"}\n', said: '/sources/loki/url' },
    {
      name: 'a file that is not there for InfluxDB',
      text: '  influxdb: {tokenFile: none}\n',
      said: '/sources/influxdb/tokenFile: expected a readable file',
    },
    {
      name: 'a user and a token for InfluxDB',
      text: '  influxdb: {userName: a, tokenFile: token}\n',
      said: '/sources/influxdb/tokenFile: expected either',
    },
    {
      name: 'a key without its certificate for Graphite',
      text: '  graphite: {keyFile: token}\n',
      said: '/sources/graphite/certificateFile',
    },
    { name: 'a user and a token', text: '  prometheus: {userName: a, bearerTokenFile: token}\n', said: 'either' },
    { name: 'a certificate without its key', text: '  prometheus: {certificateFile: token}\n', said: 'with its key' },
    {
      name: 'a name that is taken',
      text: '  prometheus: {accounts: [{name: default, url: "http://a"}]}\n',
      said: '/sources/prometheus/accounts/0/name',
    },
    {
      name: 'a host with a path',
      text: '  http: {hosts: [{origin: "https://a/b"}]}\n',
      said: '/sources/http/hosts/0/origin',
    },
  ])('are refused with $name, with the place', ({ text, said }) => {
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(said) }),
    )
    expect(() => load(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('a:b') }))
  })
})
