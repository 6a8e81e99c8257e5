import { expect, test } from 'vitest'
import { mineTemplates } from '../../../src/judges/log-templates/mine-templates.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'
import { inventedLogs } from './invented-logs.ts'

const oneLine: readonly (readonly [string, string, string])[] = [
  ['a path with a query', 'GET /api/v1/users/42?limit=10&x=y 200 12ms', 'GET <*>'],
  ['an empty value', 'logname= uid=0 ruser= rhost=10.0.0.1', 'logname = <*> uid = <*> ruser = <*> rhost = <*>'],
  ['brackets after "="', 'opening source=Work{10 b[2]} ok=true', 'opening source = <*> ok = true'],
  ['a time with its zone', 'at Fri Jun 17 07:07:00 UTC 2005 by x', 'at <*> by x'],
  ['an IPv6 and a MAC address', 'from fe80::1:2:3 via 00:1b:44:11:3a:b7', 'from <*> via <*>'],
  ['a host and its port', 'open db-0.eu.example.com:5432 and localhost:80', 'open <*> and <*>'],
  ['a place in a source file', 'main.go:42 started', 'main.go : <*> started'],
  ['a line of a source file', 'Price#7 and Price#41 and a.b.Price#1044', 'Price## and Price## and a.b.Price##'],
  ['a value in angle brackets', 'player <3fa91c> and <fa93e1c>, load <5 ms', 'player <*> and <*> , load <*>'],
  ['a thread number', 'worker-3 took L2', 'worker-# took L#'],
  ['a size said twice', 'sent 403 bytes (1.2 KB) to x', 'sent <*> to x'],
  ['a duration of several units', 'took 1m30s, at most 12.5µs', 'took <*> , at most <*>'],
  ['a key that is called like a unit', 'took=12ms bytes=7', 'took = <*> bytes = <*>'],
  ['a list of numbers', 'values [1, 2, 3] end', 'values [ <*> ] end'],
  ['a quoted word', 'lock "View Lock" held, can\'t wait', 'lock "View Lock" held , can\'t wait'],
  ['null where a value stands', 'none of them, reason: null', 'none of them , reason : <*>'],
  ['three booleans', 'a=true b=false c=true', 'a = true b = false c = true'],
  ['four booleans', 'a=true b=false c=true d=true', 'a = <*> b = <*> c = <*> d = <*>'],
  ['dot leaders', 'enable......0', 'enable .. <*>'],
  ['a class name', 'com.example.shop.Cart failed.', 'com.example.shop.Cart failed'],
  ['an empty line', '  ', ''],
]

test.each(oneLine)('%s is masked the same in every log', (_, line, template) => {
  expect(mineTemplates([line]).templates).toEqual([template])
})

test.each([1, 2, 3, 4])('groups the lines of invented services by the statement that wrote them, seed %i', (seed) => {
  const { lines, truth } = inventedLogs(seed, 2000)
  const { ids, templates } = mineTemplates(lines)
  expect(ids).toHaveLength(lines.length)
  expect(Math.max(...ids)).toBe(templates.length - 1)
  expect(shareOfWholeGroups(ids, truth)).toBeGreaterThan(0.95)
})

test('the groups do not depend on the order of the lines', () => {
  const { lines } = inventedLogs(5, 1500)
  const random = seededRandom(6)
  const order = lines
    .map((_, line) => ({ line, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ line }) => line)
  const straight = mineTemplates(lines)
  const shuffled = mineTemplates(order.map((line) => lines[line] as string))
  expect(order.map((_, at) => shuffled.templates[shuffled.ids[at]!])).toEqual(
    order.map((line) => straight.templates[straight.ids[line]!]),
  )
})

test('a name becomes a variable from the fifth on, and from the third after a word that names come after', () => {
  const names = ['amber', 'birch', 'cedar', 'dahlia', 'elder']
  expect(mineTemplates(names.slice(0, 4).map((name) => `queue of ${name} is empty`)).templates).toHaveLength(4)
  expect(mineTemplates(names.map((name) => `queue of ${name} is empty`)).templates).toEqual(['queue of <*> is empty'])
  expect(mineTemplates(names.slice(0, 3).map((name) => `session of user ${name} ended`)).templates).toEqual([
    'session of user <*> ended',
  ])
})

test('the first word says who speaks: few of them stay apart', () => {
  const services = ['cron.daily', 'cron.weekly', 'named', 'portmap', 'klog', 'hcid']
  expect(mineTemplates(services.map((one) => `${one} startup succeeded`)).templates).toHaveLength(services.length)
})

test('no lines have no templates', () => {
  expect(mineTemplates([])).toEqual({ templates: [], ids: new Int32Array(0) })
})

function shareOfWholeGroups(ids: Int32Array, truth: Int32Array): number {
  const text = (line: number, of: Int32Array) => of[line] as number
  const mined = Map.groupBy(ids.keys(), (line) => text(line, ids))
  const statements = Map.groupBy(truth.keys(), (line) => text(line, truth))
  let right = 0
  for (const lines of statements.values()) {
    const group = mined.get(text(lines[0]!, ids)) ?? []
    if (group.length === lines.length && lines.every((line) => ids[line] === ids[lines[0]!])) right += lines.length
  }
  return right / ids.length
}
