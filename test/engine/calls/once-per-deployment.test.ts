import { expect, test } from 'vitest'
import type { SourceQuestion } from '../../../src/domain/metric-source.ts'
import { OncePerDeployment } from '../../../src/engine/calls/once-per-deployment.ts'

const deploymentOf = (service: string): SourceQuestion['deployment'] => ({
  ...{ id: service, namespace: '', service, environment: 'default', strategy: 'canary' },
  ...{ baseline: { version: '1' }, canary: { version: '2' }, startedAt: '2026-11-21T10:00:00.000Z' },
})

/** Keeps values of so many names, and tells which services were read. */
function kept(names: number) {
  const read: string[] = []
  const values = new OncePerDeployment<number>((value) => value)
  const get = (service: string) =>
    values.get(deploymentOf(service), '', async () => {
      read.push(service)
      return names
    })
  return { get, read }
}

test('of small values the last two hundred are kept', async () => {
  const { get, read } = kept(1)
  for (let index = 0; index < 200; index += 1) await get(`service-${index}`)
  await get('service-0')
  await get('one-more')
  await get('service-0')
  expect(read).toHaveLength(201)
  await get('service-1')
  expect(read.slice(200)).toEqual(['one-more', 'service-1'])
})

test('of values that name much fewer are kept, and always the last', async () => {
  const large = kept(200_000)
  for (const service of ['a', 'b', 'c', 'b', 'c', 'a']) await large.get(service)
  expect(large.read).toEqual(['a', 'b', 'c', 'a'])
  const huge = kept(600_000)
  for (const service of ['a', 'a', 'b', 'b', 'a']) await huge.get(service)
  expect(huge.read).toEqual(['a', 'b', 'a'])
})
