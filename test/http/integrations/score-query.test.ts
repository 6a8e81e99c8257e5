import { expect, test } from 'vitest'
import { readScoreQuery } from '../../../src/http/integrations/score-query.ts'

test.each([
  ['vector(1)', { type: 'vector', value: 1 }],
  [' vector( -2.5e1 ) ', { type: 'vector', value: -25 }],
  ['davy_score{name="checkout"}', { type: 'series', metric: 'davy_score', labels: { name: 'checkout' } }],
  [
    'davy_rollback{ controller = "flagger", namespace="shop" ,name="a\\"b,}" , }',
    { type: 'series', metric: 'davy_rollback', labels: { controller: 'flagger', namespace: 'shop', name: 'a"b,}' } },
  ],
  [
    'davy_promote{service="s",environment="e"}\n',
    { type: 'series', metric: 'davy_promote', labels: { service: 's', environment: 'e' } },
  ],
])('%s', (text, query) => {
  expect(readScoreQuery(text)).toEqual(query)
})

test.each([
  ['', 'expected vector(1)'],
  ['1', 'expected vector(1)'],
  ['sum(davy_score{name="a"})', 'expected vector(1)'],
  ['vector(one)', 'expected vector(1)'],
  ['up{name="a"}', 'expected one of davy_score'],
  ['davy_score', 'expected labels that say'],
  ['davy_score{}', 'expected labels that say'],
  ['davy_score{name=~"a.*"}', 'expected label="value"'],
  ['davy_score{name="a" namespace="b"}', 'expected label="value"'],
  ['davy_score{pod="a"}', 'expected labels among'],
  ['davy_score{name="a",name="b"}', 'got name twice'],
])('%s is refused', (text, complaint) => {
  expect(readScoreQuery(text)).toContain(complaint)
})
