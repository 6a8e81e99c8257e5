import { describe, expect, test } from 'vitest'
import { isMislabelled } from '../../load/accuracy/mislabelled-minutes.ts'
import { viewWindow } from '../../src/judges/windows/view-window.ts'
import { type Minute, shopMinute } from '../judges/windows/shop.ts'

function view(seed: number, minute: Omit<Minute, 'seed'> = {}) {
  return viewWindow(shopMinute({ seed, ...minute }), 'price')
}

const others = [1, 2, 3, 4].map((seed) => view(seed))

describe('a fault-free minute before a faulty one', () => {
  test.each([
    ['a message that vanishes', { silent: 1 }],
    ['a slow way in', { delayMs: 20 }],
    ['slow work', { workMs: 30 }],
    ['callers that give up', { broken: 1 }],
  ])('is mislabelled when it has %s of the faulty minute, and not when it is calm', (_, fault) => {
    expect(isMislabelled(view(9, fault), view(10, fault), others)).toBe(true)
    expect(isMislabelled(view(9), view(10, fault), others)).toBe(false)
  })

  test('is mislabelled from half of its requests on', () => {
    expect(isMislabelled(view(9, { silent: 0.8 }), view(10, { silent: 1 }), others)).toBe(true)
    expect(isMislabelled(view(9, { silent: 0.2 }), view(10, { silent: 1 }), others)).toBe(false)
  })

  test('is not mislabelled for a fault of its own, nor by a faulty minute that looks calm', () => {
    expect(isMislabelled(view(9, { silent: 1 }), view(10, { delayMs: 20 }), others)).toBe(false)
    expect(isMislabelled(view(9, { silent: 1 }), view(10), others)).toBe(false)
  })

  test('is left alone where two requests, or two other minutes, are all that is known', () => {
    const fault = { silent: 1 }
    expect(isMislabelled(view(9, { ...fault, requests: 2 }), view(10, fault), others)).toBe(false)
    expect(isMislabelled(view(9, fault), view(10, fault), others.slice(0, 2))).toBe(false)
  })
})
