import { describe, expect, test } from 'vitest'
import type { ReasonCode } from '../../../src/domain/verdict.ts'
import { sayingOf, volumeIn, volumeOf } from '../../../src/report/messages/volume.ts'
import { cases, verdict } from '../../sinks/deliveries.ts'

function hold(code: ReasonCode) {
  return verdict('hold', { reason: { code, summary: 's', detail: '' } })
}

describe('how loud a verdict is', () => {
  test.each(['WARMING_UP', 'UNDERPOWERED', 'SUPERSEDED'] as const)('%s is said on every healthy day', (code) => {
    expect(volumeOf(hold(code), null)).toBe('quiet')
  })

  test.each(['SAMPLE_RATIO_MISMATCH', 'TELEMETRY_LOSS', 'DEADLINE'] as const)('%s calls a person', (code) => {
    expect(volumeOf(hold(code), null)).toBe('broadcast')
  })

  test.each([
    'NO_TRAFFIC',
    'NO_CANARY_DATA',
    'CANARY_SILENT',
    'SOURCE_DOWN',
    'SHARED_OUTAGE',
    'HARM_LIKELY',
    'EXPIRED',
    'CHECK_FAILED',
  ] as const)('%s is told', (code) => expect(volumeOf(hold(code), null)).toBe('tell'))

  test('a rollback is broadcast, a promote is told', () => {
    expect(volumeOf(verdict('rollback'), null)).toBe('broadcast')
    expect(volumeOf(verdict('promote'), null)).toBe('tell')
  })

  test('what is only observed is never broadcast', () => {
    expect(volumeOf(verdict('rollback', { mode: 'observe' }), null)).toBe('tell')
  })

  test('the same is told once, but again when it becomes binding', () => {
    const promote = verdict('promote')
    expect(volumeOf({ ...promote, final: true }, sayingOf(promote))).toBe('quiet')
    expect(volumeOf(promote, sayingOf({ ...promote, mode: 'observe' }))).toBe('tell')
    expect(volumeOf(verdict('rollback'), sayingOf(promote))).toBe('broadcast')
  })
})

test('the end of a deployment is told where it is not what Davy said last', () => {
  const promoted = cases['finished-promoted'].message
  const back = cases['finished-rolled-back'].message
  expect(volumeIn(promoted, 'promote HARM_RULED_OUT enforce')).toBe('quiet')
  expect(volumeIn(promoted, 'hold DEADLINE enforce')).toBe('tell')
  expect(volumeIn(promoted, null)).toBe('tell')
  expect(volumeIn(back, 'rollback HARM_SHOWN enforce')).toBe('quiet')
  expect(volumeIn(back, 'promote HARM_RULED_OUT enforce')).toBe('tell')
  expect(volumeIn(cases['finished-aborted'].message, null)).toBe('tell')
  expect(volumeIn(cases.started.message, null)).toBe('quiet')
})
