import { expect, test } from 'vitest'
import { armOf, judgeAsDeployment } from '../../load/accuracy/judge-as-deployment.ts'
import { type Minute, shopMinute } from '../judges/windows/shop.ts'

function judge(canary: Omit<Minute, 'seed'>, requests = 40) {
  return judgeAsDeployment('price', shopMinute({ seed: 9, requests, ...canary }), shopMinute({ seed: 1, requests }))
}

test('a request is the first span of the service, in the log bucket of its nanoseconds', () => {
  const span = (id: string, parent: string | null, service: string, durationUs: number) => {
    return { trace: 't', id, parent, service, operation: `/${id}`, startUs: 0, durationUs }
  }
  const spans = [
    span('0', null, 'web', 90),
    span('1', '0', 'price', 8),
    span('2', '1', 'price', 4),
    span('3', 'lost', 'price', 0),
  ]
  expect(armOf({ coverage: null, spans, logs: [], cpu: [] }, 'price', 'p')).toEqual({
    ...{ requests: 2, errors: 0, pods: { p: { requests: 2, errors: 0 } } },
    operations: { '/1': { requests: 1, errors: 0 }, '/3': { requests: 1, errors: 0 } },
    latency: [[Math.floor(32 * Math.log2(8000)), 1]],
    latencies: { '/1': [[Math.floor(32 * Math.log2(8000)), 1]], '/3': [] },
  })
})

test('one minute is held, whatever it looks like', () => {
  expect(judge({})).toBe('hold')
  expect(judge({ workMs: 30 })).toBe('hold')
  expect(judge({ hasTraces: false })).toBe('hold')
})
