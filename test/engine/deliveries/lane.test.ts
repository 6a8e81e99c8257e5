import { describe, expect, test } from 'vitest'
import type { AttemptResult } from '../../../src/domain/sink.ts'
import { Lane } from '../../../src/engine/deliveries/lane.ts'
import { mayGo, type Waiting } from '../../../src/engine/deliveries/select.ts'
import { endpoint } from '../lab.ts'

let written = 0
function waiting(changes: Partial<Waiting> & { readonly decision?: 'hold' | 'promote' | 'rollback' } = {}): Waiting {
  const id = `W${++written}`
  const { decision = 'promote', ...rest } = changes
  return {
    endpoint: endpoint(),
    record: {
      ...{ id, messageId: id, type: 'verdict.decided', endpoint: 'E', deploymentId: 'D', state: 'pending' },
      ...{ attempts: [], nextAt: null },
    },
    outgoing: {
      ...{ id, type: 'verdict.decided', time: '', deploymentId: 'D', service: 's', environment: 'e', decision },
      ...{ kind: 'verdict', key: id, writtenAt: String(written).padStart(9, '0') },
    },
    dueAt: 0,
    ...rest,
  }
}

const nothing: AttemptResult = { outcome: 'retry', status: null, error: 'the connection failed: ECONNREFUSED' }
const refused: AttemptResult = { outcome: 'retry', status: 404, error: 'the endpoint answered 404' }
const delivered: AttemptResult = { outcome: 'delivered', status: 204 }
const none = () => false

describe('of one deployment', () => {
  test('the oldest goes first, and what comes after it waits until it is done', () => {
    const [first, second] = [waiting(), waiting()]
    expect(mayGo([first, second], 0, none)).toBe(first)
    expect(mayGo([first, second], 0, (id) => id === first.record.id)).toBeNull()
    expect(mayGo([waiting({ dueAt: 10 }), second], 9, none)).toBeNull()
  })

  test('a rollback does not wait for what is to be tried again, only for what is under way', () => {
    const [failed, rollback] = [waiting({ dueAt: 10 }), waiting({ decision: 'rollback' })]
    expect(mayGo([failed, rollback], 0, none)).toBe(rollback)
    expect(mayGo([failed, rollback], 0, (id) => id === failed.record.id)).toBeNull()
    const failedToo = waiting({ decision: 'rollback', dueAt: 20 })
    expect(mayGo([waiting({ dueAt: 10 }), failedToo], 15, none)).toMatchObject({ dueAt: 10 })
  })
})

describe('a lane', () => {
  test('hands out rollbacks first, then what waits longest', () => {
    const lane = new Lane()
    const [young, rollback, old] = [waiting({ dueAt: 5 }), waiting({ decision: 'rollback', dueAt: 9 }), waiting()]
    lane.replace([young, rollback, old])
    expect([lane.next(10), lane.next(10), lane.next(10), lane.next(10)]).toEqual([rollback, old, young, undefined])
  })

  test('has room for four attempts at once', () => {
    const lane = new Lane()
    lane.replace([waiting(), waiting(), waiting(), waiting(), waiting()])
    lane.workers = 3
    expect(lane.hasRoom(0)).toBe(true)
    lane.workers = 4
    expect(lane.hasRoom(0)).toBe(false)
  })

  test('of an endpoint that is down lets one through at a time, ever more rarely, until one is delivered', () => {
    const lane = new Lane()
    let now = 0
    for (let failure = 0; failure < 5; failure += 1) {
      expect(lane.isDown).toBe(false)
      lane.note(nothing, now)
    }
    const rests: number[] = []
    for (let probe = 0; probe < 8; probe += 1) {
      expect(lane.isDown).toBe(true)
      lane.replace([waiting(), waiting()])
      const from = now
      while (!lane.hasRoom(now)) now += 500
      rests.push((now - from) / 1000)
      lane.workers = 1
      expect([lane.next(now) === undefined, lane.hasRoom(now)]).toEqual([false, false])
      lane.workers = 0
      lane.note(nothing, now)
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    lane.note(delivered, now)
    lane.workers = 3
    expect([lane.isDown, lane.hasRoom(now)]).toEqual([false, true])
  })

  test('lets a rollback through while it rests', () => {
    const lane = new Lane()
    for (let failure = 0; failure < 9; failure += 1) lane.note(nothing, 0)
    lane.replace([waiting(), waiting({ decision: 'rollback' })])
    lane.workers = 1
    expect(lane.hasRoom(0)).toBe(true)
    expect(lane.next(0)?.outgoing.decision).toBe('rollback')
    expect(lane.next(0)).toBeUndefined()
  })

  test('does not rest for what is refused: that is about the message or its settings', () => {
    const lane = new Lane()
    for (let failure = 0; failure < 9; failure += 1) lane.note(refused, 0)
    expect([lane.isDown, lane.isResting(0)]).toEqual([false, false])
  })

  test('leaves a receiver alone for as long as it asks', () => {
    const lane = new Lane()
    lane.note({ ...refused, status: 429, retryAfterSeconds: 30 }, 1000)
    lane.replace([waiting()])
    expect([lane.hasRoom(30_999), lane.hasRoom(31_000)]).toEqual([false, true])
  })

  test('does not rest for longer when the clock is set back', () => {
    const lane = new Lane()
    lane.note({ ...refused, status: 429, retryAfterSeconds: 30 }, 1_000_000)
    lane.replace([waiting()])
    expect([lane.hasRoom(1_000_000), lane.hasRoom(400_000)]).toEqual([false, true])
  })

  test('takes in the most urgent of many, and says when there is more', () => {
    const lane = new Lane()
    lane.replace(Array.from({ length: 300 }, (_, index) => waiting({ dueAt: 300 - index })))
    expect(lane.isDrained).toBe(false)
    for (let taken = 1; taken <= 256; taken += 1) expect(lane.next(500)?.dueAt).toBe(taken)
    expect(lane.isDrained).toBe(true)
  })
})
