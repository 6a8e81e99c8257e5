import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { createSources } from '../../src/sources/index.ts'

const files = new Map([
  ['/etc/davy/key', 'secret'],
  ['/etc/davy/application', 'secret'],
  ['/etc/davy/credentials', '[default]'],
])

function load(sources: string, env: Record<string, string> = {}) {
  return loadConfig({ DAVY_CONFIG: '/etc/davy/davy.yaml', ...env }, (path) => {
    const text = path === '/etc/davy/davy.yaml' ? `sources:\n${sources}` : files.get(path)
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`)
    return text
  }).sources
}

describe('services in the configuration', () => {
  test('are sources when what is needed to ask them is given, their files beside the configuration', async () => {
    const settings = load(`  datadog: {site: datadoghq.eu, apiKeyFile: key, applicationKeyFile: application}
  newRelic: {region: eu, accountId: 77, apiKeyFile: key}
  cloudWatch: {region: eu-central-1, credentialsFile: credentials}
`)
    expect(settings.datadog).toMatchObject({ apiKeyFile: '/etc/davy/key', applicationKeyFile: '/etc/davy/application' })
    expect(settings.cloudWatch.credentialsFile).toBe('/etc/davy/credentials')
    const sources = createSources(settings)
    expect([...sources.byName.keys()]).toEqual(expect.arrayContaining(['datadog', 'new-relic', 'cloudwatch']))
    await sources.close()
  })

  test('are none when nothing is given', async () => {
    const sources = createSources(load('  {}\n'))
    for (const name of ['datadog', 'new-relic', 'cloudwatch'] as const) expect(sources.byName.has(name)).toBe(false)
    await sources.close()
  })

  test('may come from the environment', () => {
    const env = { DAVY_SOURCES_NEW_RELIC_ACCOUNT_ID: '77', DAVY_SOURCES_NEW_RELIC_API_KEY_FILE: '/etc/davy/key' }
    expect(load('  {}\n', env).newRelic).toMatchObject({ accountId: 77, apiKeyFile: '/etc/davy/key' })
  })

  test.each([
    { text: '  datadog: {apiKeyFile: key}\n', said: '/sources/datadog/applicationKeyFile' },
    { text: '  newRelic: {apiKeyFile: key}\n', said: '/sources/newRelic/accountId' },
    { text: '  datadog: {site: datadog.com}\n', said: '/sources/datadog/site' },
    { text: '  cloudWatch: {region: "europe/../"}\n', said: '/sources/cloudWatch/region' },
    { text: '  cloudWatch: {credentialsFile: key}\n', said: '/sources/cloudWatch/region' },
    {
      text: '  cloudWatch: {region: eu-central-1, credentialsFile: none}\n',
      said: '/sources/cloudWatch/credentialsFile',
    },
    { text: '  newRelic: {url: "https://a:b@c"}\n', said: '/sources/newRelic/url' },
  ])('are refused: $text', ({ text, said }) => {
    expect(() => load(text)).toThrow(said)
  })
})
