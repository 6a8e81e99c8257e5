import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { createSources } from '../../src/sources/index.ts'
import { queried, questionOf } from './question.ts'

test('a system is a source once its URL is configured', async () => {
  const yaml = `sources:
  loki: {url: "http://127.0.0.1:1"}
  influxdb: {url: "http://127.0.0.1:1", database: telegraf}
  graphite: {url: "http://127.0.0.1:1/graphite/"}
`
  const named = (text: string) => createSources(loadConfig({ DAVY_CONFIG: '/davy.yaml' }, () => text).sources)
  const [none, some] = [named('sources: {}\n'), named(yaml)]
  const names = ['loki', 'influxdb', 'graphite'] as const
  expect(names.map((name) => [none.byName.has(name), some.byName.has(name)])).toEqual(names.map(() => [false, true]))
  const events = `stats.\${version}.*`
  const asked = some.byName
    .get('graphite')!
    .ask(questionOf(queried('graphite', 'count', { events })), AbortSignal.timeout(5000))
  await expect(asked).rejects.toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining('ECONNREFUSED') })
  await Promise.all([none.close(), some.close()])
})
