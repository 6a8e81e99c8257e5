import { expect, test } from 'vitest'
import { Judging } from '../../../src/engine/kayenta/judging.ts'
import { batchJudges } from '../../../src/judges/index.ts'
import { random } from '../../stats/random.ts'

const { normal } = random(11)
const points = (count: number, level: number) => Array.from({ length: count }, () => level + normal())
const asked = (count: number, change: object = {}) => ({
  canaryConfig: {
    judge: { name: 'NetflixACAJudge-v1.0' },
    metrics: [{ name: 'm', query: { type: 'x' }, groups: ['g'] }],
    classifier: {},
  },
  scoreThresholds: { pass: 95, marginal: 75 },
  metricSetPairList: [
    { name: 'm', id: 'p', tags: {}, values: { control: points(count, 10), experiment: points(count, 20) } },
  ],
  ...change,
})
const signal = () => new AbortController().signal

test('many values are judged in a thread, with the same answer as at once', async () => {
  const request = asked(700)
  const result = await new Judging().judge(request, signal())
  expect(result).toEqual(batchJudges['NetflixACAJudge-v1.0'](request as never))
  expect(result.results[0]?.classification).toBe('High')
})

test('what the judge refuses comes back from the thread as it was', async () => {
  const wrong = asked(700, { canaryConfig: { ...asked(1).canaryConfig, classifier: null } })
  await expect(new Judging().judge(wrong, signal())).rejects.toMatchObject({
    code: 'VALIDATION',
    where: '/canaryConfig/classifier',
  })
})

test('nobody waits for a judgement that is not wanted any more', async () => {
  const unwanted = new AbortController()
  const judged = new Judging().judge(asked(2000), unwanted.signal)
  unwanted.abort(new Error('gone'))
  await expect(judged).rejects.toThrow('gone')
})

test('too many values, and too many at a time, are refused', async () => {
  const judging = new Judging()
  await expect(judging.judge(asked(200_001), signal())).rejects.toMatchObject({
    code: 'VALIDATION',
    where: '/metricSetPairList',
  })
  const ended = new AbortController()
  const waiting = Array.from({ length: 64 }, () => judging.judge(asked(600), ended.signal))
  await expect(judging.judge(asked(1), signal())).rejects.toMatchObject({ code: 'OVERLOADED' })
  ended.abort(new Error('over'))
  for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected')
})
