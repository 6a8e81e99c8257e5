import { expect, test } from 'vitest'
import { hideCredentials, placeOfUrl } from '../../src/platform/hide-credentials.ts'

test.each([
  ['chdb:./data', 'chdb:./data'],
  ['http://clickhouse:8123', 'http://clickhouse:8123/'],
  ['http://davy:hunter2@clickhouse:8123/davy?cluster=one', 'http://clickhouse:8123/davy'],
  ['http://davy:hunter@hunter2@clickhouse:8123', 'http://clickhouse:8123/'],
  ['https://clickhouse/davy?user=davy&password=hunter2#hunter2', 'https://clickhouse/davy'],
  ['postgres://davy:hunter2@db/davy', 'postgres://db/davy'],
  ['davy:hunter2@clickhouse:8123', 'no URL with a host'],
  ['http://davy:hunter/2@clickhouse:8123', 'no URL with a host'],
  ['hunter2', 'no URL with a host'],
])('%s lies at %s', (url, place) => {
  expect(placeOfUrl(url)).toBe(place)
})

test.each([
  ['http://davy:hunter2@db and https://other/x', 'http://[redacted]@db and https://other/x'],
  ['http://davy:hunter@hunter2@db:8123/x', 'http://[redacted]@db:8123/x'],
  ['http://davy:hunter/2?@db', 'http://[redacted]@db'],
  ['Post "https://db/api?token=hunter2": refused', 'Post "https://db/api?[redacted] refused'],
  ['one=http://a:hunter2@db,two=http://b:hunter2@db', 'one=http://[redacted]@db'],
  ['people@example.com, why? // nothing', 'people@example.com, why? // nothing'],
])('%s is shown as %s', (text, shown) => {
  expect(hideCredentials(text)).toBe(shown)
})

test('what is hidden does not take longer the more slashes a text has', () => {
  expect(hideCredentials('/'.repeat(2 ** 20))).toHaveLength(2 ** 20)
})
