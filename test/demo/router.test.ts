import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter } from '../../deploy/demo/shop/router.ts'

function sequence(values: readonly number[]): () => number {
  let turn = 0
  return () => values[turn++ % values.length] ?? 0
}

describe('the shop router', () => {
  it('has nowhere to send to before it has arms, and when all weights are 0', () => {
    const router = createRouter(Math.random)
    expect(router.next()).toBeNull()
    router.setArms([{ version: '1', weight: 0, origins: ['a'] }])
    expect(router.next()).toBeNull()
  })

  it('goes round robin among the processes of a version', () => {
    const router = createRouter(() => 0.5)
    router.setArms([{ version: '1', weight: 100, origins: ['a', 'b', 'c'] }])
    expect([1, 2, 3, 4].map(() => router.next())).toEqual(['a', 'b', 'c', 'a'])
  })

  it('splits by weight: evenly spread points give each version its exact share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (weight) => {
        const router = createRouter(sequence(Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100)))
        router.setArms([
          { version: 'stable', weight: 100 - weight, origins: ['stable'] },
          { version: 'release', weight, origins: ['release'] },
        ])
        const chosen = Array.from({ length: 100 }, () => router.next())
        expect(chosen.filter((origin) => origin === 'release')).toHaveLength(weight)
      }),
    )
  })

  it('sends nothing to a version that the newest arms do not name', () => {
    const router = createRouter(() => 0.99)
    router.setArms([
      { version: '1', weight: 50, origins: ['a'] },
      { version: '2', weight: 50, origins: ['b'] },
    ])
    expect(router.next()).toBe('b')
    router.setArms([{ version: '1', weight: 100, origins: ['a'] }])
    expect(router.next()).toBe('a')
  })
})
