import { describe, expect, it } from 'vitest'
import type { Explanation, LeftOut, SignalLook } from '../../src/domain/explanation.ts'
import { lookedAt, requestsLookedAt } from '../../src/report/sections/cause-attributes.ts'
import { reportInput } from './fixtures.ts'

const { signals: _signals, ...before } = reportInput('rollback').explanation!
const from = before.from

/** An explanation that looked at one signal like this. */
function explained(look: Partial<SignalLook>): Explanation {
  return { ...before, signals: [{ signal: 'logs', counted: 0, oneIn: 1, from, leftOut: [], ...look }] }
}

describe('what was looked at for attributes', () => {
  it('is not told of an explanation from before it was noted', () => {
    expect(requestsLookedAt(before)).toBe('One in 3 of the requests')
    expect(lookedAt(before)).toBe('')
  })

  it('says so when no spans came', () => {
    expect(requestsLookedAt(explained({ signal: 'traces' }))).toBe('No spans of requests')
    expect(requestsLookedAt(explained({ signal: 'logs' }))).toBe('One in 3 of the requests')
  })

  it('names logs and instruments that counted anything, and the part of them', () => {
    expect(lookedAt(explained({ signal: 'logs', counted: 1 }))).toBe(
      'Attributes also of 1 log record (those of one trace as one). ',
    )
    expect(lookedAt(explained({ signal: 'logs', counted: 4000, oneIn: 5 }))).toContain('as one, one in 5)')
    expect(lookedAt(explained({ signal: 'metrics', counted: 9, metrics: ['a', 'b'] }))).toBe(
      'Attributes also of what a, b counted. ',
    )
    expect(lookedAt(explained({ signal: 'metrics', counted: 0, metrics: ['a'] }))).toBe('')
  })

  it.each<[LeftOut['reason'], string]>([
    ['many-values', 'Not looked at in logs, since they have too many values: x, y and 2 more. '],
    ['many-attributes', 'Not looked at in logs, since others are set more often: x, y and 2 more. '],
    ['many-metrics', 'Not looked at, since others count failures more often: x, y and 2 more. '],
    ['many-rows', 'Of logs there was too much to look at, and rare values are missing. '],
    ['too-much', 'Logs were not looked at: reading them took more time or memory than it may. '],
    ['unreadable', 'Logs were not looked at: they could not be read. '],
    ['not-stored', 'Of logs a part had come and was not stored yet. '],
  ])('says what was left out: %s', (reason, sentence) => {
    expect(lookedAt(explained({ leftOut: [{ reason, names: ['x', 'y'], more: 2 }] }))).toBe(sentence)
  })
})
