import { expect, test } from 'vitest'
import type { Deployment } from '../../src/domain/deployment.ts'
import { outranked } from '../../src/engine/supersession.ts'
import { aDeployment } from './samples.ts'

const order = ['a', 'b', 'c']
const isOpenedLater = (id: string, than: string) => order.indexOf(id) > order.indexOf(than)
const open = (id: string, changes: Partial<Deployment> = {}) => aDeployment({ id, ...changes })
const seen = { origin: 'detected', mode: 'observe' } as const

test.each([
  { name: 'alone', open: [open('a')], closed: [] },
  { name: 'the newest stays', open: [open('c'), open('a'), open('b')], closed: ['a>c', 'b>c'] },
  { name: 'of what was only seen the newest stays', open: [open('a', seen), open('b', seen)], closed: ['a>b'] },
  { name: 'a registration replaces what was seen', open: [open('a', seen), open('b')], closed: ['a>b'] },
  { name: 'what was only seen replaces no registration', open: [open('a'), open('b', seen)], closed: ['b>a'] },
  { name: 'another environment', open: [open('a'), open('b', { environment: 'staging' })], closed: [] },
  { name: 'another namespace', open: [open('a'), open('b', { namespace: 'eu' })], closed: [] },
  { name: 'another strategy', open: [open('a'), open('b', { strategy: 'shadow' })], closed: [] },
])('$name', ({ open, closed }) => {
  const pairs = outranked(open, isOpenedLater).map(({ older, newer }) => `${older.id}>${newer.id}`)
  expect(pairs.sort()).toEqual(closed)
})
