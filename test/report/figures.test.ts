import { expect, it } from 'vitest'
import {
  capital,
  counted,
  countWord,
  formatChange,
  formatEvidence,
  formatOdds,
  intervalCell,
  quantileName,
} from '../../src/report/figures.ts'
import { groupTitle, shortName, shortVersion } from '../../src/report/names.ts'

it('evidence has three digits at most and never an exponent', () => {
  const values = [0, 0.004, 0.02, 0.93, 1, 2.55, 41.6, 99.97, 5120.4, 14200.1, 1_394_000, 1e300]
  expect(values.map(formatEvidence)).toEqual([
    '0',
    '< 0.01',
    '0.02',
    '0.9',
    '1',
    '2.5',
    '41.6',
    '100',
    '5,120',
    '14,200',
    '1.39 million',
    'over a billion',
  ])
})

it('budgets are said as odds', () => {
  expect([0.01, 0.05, 0.0025].map(formatOdds)).toEqual(['1 of 100', '1 of 20', '1 of 400'])
})

it('changes are signed per cent until ten times', () => {
  expect([1.84, 0.91, 1.001, 14].map(formatChange)).toEqual(['+84%', '−9%', '±0%', '14×'])
})

it('intervals in tables use signs', () => {
  const effect = { ratio: 6.2, low: 4.9, high: 7.8, level: 0.95, margin: 1.25, promoteMargin: 2 }
  expect(intervalCell(effect)).toBe('4.9–7.8')
  expect(intervalCell({ ...effect, high: null })).toBe('≥ 4.9')
  expect(intervalCell({ ...effect, low: 0 })).toBe('≤ 7.8')
  expect(intervalCell({ ...effect, low: 0, high: null })).toBe('–')
})

it('quantiles, counts and groups have the names that people use', () => {
  expect([0.5, 0.95, 0.999].map(quantileName)).toEqual(['p50', 'p95', 'p99.9'])
  expect([counted(1, 'pod'), counted(2, 'pod'), counted(1584, 'request')]).toEqual([
    '1 pod',
    '2 pods',
    '1,584 requests',
  ])
  expect([capital(countWord(2)), countWord(1204)]).toEqual(['Two', '1,204'])
  expect(groupTitle('new-log-lines')).toBe('New log lines')
})

it('a name is cut between characters, never inside one', () => {
  expect(shortVersion('💥'.repeat(30))).toBe(`${'💥'.repeat(12)}…${'💥'.repeat(6)}`)
  expect(shortVersion('2.4.1')).toBe('2.4.1')
  expect([...shortName('s'.repeat(200))]).toHaveLength(57)
})
