import { expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { judgeSeries } from '../../../src/judges/series-judge.ts'
import { windowCausesJudge } from '../../../src/judges/windows/window-causes-judge.ts'
import { shopMinute } from './shop.ts'

const baseline = [1, 2, 3].map((seed) => shopMinute({ seed }))

test('the accused service is named with what says most, and nothing is decided', () => {
  const judgement = judgeSeries(windowCausesJudge, { canary: shopMinute({ seed: 9, silent: 1 }), baseline })
  expect(judgement.reason).toEqual({
    code: 'RANKED',
    summary: 'If something is wrong, it most likely began at price: most is said by log.',
  })
  expect(judgement).not.toHaveProperty('decision')
  expect(windowCausesJudge.table(judgement)[1]).toEqual(['price', expect.stringMatching(/^\d+\.\d\d$/), 'log', ''])
})

test('a window like the others accuses nobody, nor does one without anything', () => {
  const empty = { coverage: null, spans: [], logs: [], cpu: [] }
  for (const windows of [
    { canary: baseline[0]!, baseline },
    { canary: empty, baseline: [empty] },
  ]) {
    expect(judgeSeries(windowCausesJudge, windows).reason.code).toBe('NO_EVIDENCE')
  }
})

test('a span that is its own ancestor is refused by its place', () => {
  const circle = { trace: 't', id: 'a', parent: 'a', service: 'price', operation: '/', startUs: 0, durationUs: 1 }
  const faulty = { ...baseline[1]!, spans: [circle] }
  const judge = () => judgeSeries(windowCausesJudge, { canary: baseline[0]!, baseline: [baseline[0]!, faulty] })
  expect(judge).toThrow(DavyError)
  expect(judge).toThrow('/baseline/1/spans/0/parent')
})
