import { expect, test } from 'vitest'
import { openMessageSkeletons } from '../../../src/judges/windows/message-skeleton.ts'

const messageSkeleton = openMessageSkeletons()

test.each([
  ['12:01:02.003 INFO p.Price#41 found 17 prices', '<*> INFO p.Price## found <*> prices'],
  ['cart of 2b1e0f9c-55aa-4c3d-9e8f-001122334455 from 10.2.3.4:80', 'cart of <*> from <*>'],
  ['at 0x7ffe12 handler dead0beef', 'at <*> handler <*>'],
  ['{"severity":"info","message":"got 3 items","timestamp":"2031-01-01T00:00:00Z"}', 'info got <*> items'],
  ['{not json 5', '{ not json <*>'],
  ['[1,2]', '[ <*> ]'],
])('%s -> %s', (message, skeleton) => {
  expect(messageSkeleton(message)).toBe(skeleton)
})

test('a new build moves source lines and keeps the template', () => {
  expect(messageSkeleton('INFO p.Price#41 - ready')).toBe(messageSkeleton('INFO p.Price#1044 - ready'))
})

test('long data does not make a template', () => {
  const token = 'abcdefghij'.repeat(10)
  expect(messageSkeleton(`token ${token} accepted`)).toBe('token <*> accepted')
  expect(messageSkeleton('word '.repeat(100)).length).toBeLessThanOrEqual(96)
})
