import { expect, test } from 'vitest'
import { parseThreshold } from '../../load/summary/threshold.ts'

test.each([
  ['p(99)<20', { figure: 'p(99)', operator: '<', limit: 20 }],
  [' p( 99.9 ) <= 1.5 ', { figure: 'p(99.9)', operator: '<=', limit: 1.5 }],
  ['rate==0', { figure: 'rate', operator: '==', limit: 0 }],
  ['rate===1', { figure: 'rate', operator: '==', limit: 1 }],
  ['count>100', { figure: 'count', operator: '>', limit: 100 }],
  ['avg<1e-3', { figure: 'avg', operator: '<', limit: 0.001 }],
])('%s is read as k6 reads it', (text, expected) => {
  expect(parseThreshold(text)).toEqual(expected)
})

test.each(['', 'p(99)', '<20', 'p(99)<twenty', 'p(99)<20 or so', 'rate=0', 'p(99)<1.2.3'])('%s is refused', (text) => {
  expect(() => parseThreshold(text)).toThrow('expected a threshold like p(99)<20')
})
