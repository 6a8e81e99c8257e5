import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seriesJudges } from '../../src/judges/index.ts'
import { judgeSeries, type SeriesJudge, type SeriesJudgement } from '../../src/judges/series-judge.ts'
import { type Davy, startDavy, until } from '../davy.ts'
import { seriesInputs } from '../judges/series-inputs.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

const names = Object.keys(seriesJudges) as (keyof typeof seriesJudges)[]
const path = (name: string) => `/api/v1/judgements/${name}`

describe('judging series', () => {
  test.each(names)('%s answers what the judge says', async (name) => {
    const { input } = seriesInputs[name]
    const judge: SeriesJudge<never, SeriesJudgement> = seriesJudges[name]
    const { status, headers, body } = await call('POST', path(name), input)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
    const judgement = judgeSeries(judge, JSON.parse(JSON.stringify(input)) as never)
    expect(body).toEqual({ judge: name, judgement: JSON.parse(JSON.stringify(judgement)) })
  })

  test('lists the judges, and documents what each takes', async () => {
    const { items } = (await call('GET', '/api/v1/judgements')).body
    expect(items).toEqual(names.map((name) => ({ name, question: seriesJudges[name].question })))
    const { paths } = (await call('GET', '/openapi.json')).body
    for (const name of names) {
      const { requestBody, responses, summary } = paths[path(name)].post
      expect(requestBody.content['application/json'].schema.required).toEqual(seriesJudges[name].input.required)
      expect(responses['200'].content['application/json'].schema.required).toEqual(['judge', 'judgement'])
      expect(summary).toBe(seriesJudges[name].question)
    }
    expect(paths[path('{judge}')]).toBeUndefined()
  })
})

describe('what cannot be judged', () => {
  test('a judge that is none is answered with all of them, and with the one that was meant', async () => {
    const { status, body } = await call('POST', path('rolout'), {})
    expect(status).toBe(404)
    expect(body).toMatchObject({ code: 'NOT_FOUND', expected: `one of ${names.join(', ')}`, got: '"rolout"' })
    expect(body.detail).toContain('perhaps rollout was meant')
    expect((await call('GET', path('rollout'))).body).toMatchObject({ status: 405, expected: 'POST' })
  })

  test.each<readonly [string, unknown, object]>([
    ['no JSON', '{"baseline": [', { status: 400, code: 'VALIDATION', where: expect.stringMatching(/^body/) }],
    ['nothing', '', { status: 400, code: 'VALIDATION', got: 'nothing' }],
    [
      'another type',
      { ...seriesInputs.replicates.input, worse: 'left' },
      { status: 400, where: '/worse', got: '"left"' },
    ],
    [
      'an unknown key',
      { ...seriesInputs.replicates.input, alhpa: 1 },
      { status: 400, where: '/alhpa', expected: 'a known key, perhaps alpha' },
    ],
    [
      'what only the judge knows',
      { ...seriesInputs.replicates.input, margin: 2 },
      { status: 422, code: 'UNPROCESSABLE', where: '/promoteMargin' },
    ],
  ])('%s is a problem that says where', async (_what, sent, problem) => {
    const { headers, body } = await call('POST', path('replicates'), sent)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).toMatchObject(problem)
  })

  test('no body at all, another content type, and too large a body are refused', async () => {
    expect((await call('POST', path('replicates'))).body).toMatchObject({ status: 400, got: 'nothing' })
    const protobuf = { 'content-type': 'application/x-protobuf' }
    expect((await call('POST', path('replicates'), 'x', protobuf)).status).toBe(415)
    const large = `[${'1,'.repeat(9 * 2 ** 20)}1]`
    expect((await call('POST', path('replicates'), large)).body).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  })
})

test('who does not wait for the answer leaves its turn to the next one', async () => {
  const values = Array.from({ length: 4000 }, (_, at) => Math.sin(at / 7) + Math.sin(at * at))
  const left = new AbortController()
  const asked = fetch(davy.url + path('change-points'), {
    ...{ method: 'POST', body: JSON.stringify({ dimensions: [values] }), signal: left.signal },
    headers: { 'content-type': 'application/json' },
  })
  await sleep(100)
  left.abort()
  await asked.catch(() => undefined)
  expect((await call('POST', path('replicates'), seriesInputs.replicates.input)).status).toBe(200)
})

test('with no place free the next one is refused before its body is read, and places come back', async () => {
  const headers = { 'content-type': 'application/json', 'content-length': String(2 ** 20) }
  const begin = () => {
    const sent = request(davy.url + path('replicates'), { method: 'POST', headers, agent: false })
    sent.on('error', () => undefined).flushHeaders()
    return sent
  }
  const uploads = Array.from({ length: 10 }, begin)
  const [refused] = await Promise.race(uploads.map((each) => once(each, 'response')))
  expect(refused.statusCode).toBe(429)
  for (const each of uploads) each.destroy()
  const { input } = seriesInputs.replicates
  await until(async () => (await call('POST', path('replicates'), input)).status === 200, 'a free place')
})
