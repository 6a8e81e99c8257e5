import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Davy, startDavy, until } from '../davy.ts'
import { type Caller, callerOf } from './client.ts'

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

let services = 0
/** A new deployment whose look 0 is on record. @returns the path of its API. */
async function opened() {
  services += 1
  const body = { service: `shop-${services}`, canary: { version: '2' }, baseline: { version: '1' } }
  const { body: deployment } = await call('POST', '/api/v1/deployments', body)
  const one = `/api/v1/deployments/${deployment.id}`
  await until(async () => (await call('GET', `${one}/verdicts`)).body.items.length > 0, 'look 0')
  return { one, id: deployment.id as string, service: body.service }
}

const say = (one: string, decision: string) => call('POST', `${one}/override`, { decision, reason: 'a test says so' })

describe.concurrent('the newest verdict', () => {
  test('is there at once: look 0, a hold that says it is warming up', async () => {
    const answer = await call('POST', '/api/v1/deployments', { service: 'fresh', canary: { version: '2' } })
    const one = `/api/v1/deployments/${answer.body.id}`
    const first = await call('GET', `${one}/verdict`)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({
      deploymentId: answer.body.id,
      service: 'fresh',
      environment: 'default',
      strategy: 'canary',
      canary: { version: '2' },
      decision: 'hold',
      final: false,
      look: 0,
      score: 50,
      template: { name: 'default' },
      engine: expect.stringMatching(/^davy\/\d/),
    })
    expect(['WARMING_UP', 'NO_BASELINE_DATA']).toContain(first.body.reason.code)
    expect(first.body.reason.summary.length).toBeGreaterThan(10)
    await until(async () => (await call('GET', `${one}/verdicts`)).body.items.length > 0, 'look 0 on record')
    expect((await call('GET', `${one}/verdicts`)).body.items[0]).toEqual(first.body)
  })

  test('has its id as ETag, and is not sent twice', async () => {
    const { one } = await opened()
    const { headers, body } = await call('GET', `${one}/verdict`)
    expect(headers.get('etag')).toBe(`"${body.id}"`)
    expect(headers.get('cache-control')).toBe('no-store')
    for (const known of [`"${body.id}"`, `W/"${body.id}"`, `"other", "${body.id}"`, '*']) {
      const again = await call('GET', `${one}/verdict`, undefined, { 'if-none-match': known })
      expect(again).toMatchObject({ status: 304, text: '' })
      expect(again.headers.get('etag')).toBe(`"${body.id}"`)
    }
    expect((await call('GET', `${one}/verdict`, undefined, { 'if-none-match': '"other"' })).status).toBe(200)
  })

  test('comes as a gate, as an ECS hook and as Markdown', async () => {
    const { one, id, service } = await opened()
    const gate = (await call('GET', `${one}/verdict?format=gate`)).body
    expect(Object.keys(gate).sort()).toEqual(['deploymentId', 'reason', 'score', 'url', 'verdict'])
    expect(gate).toMatchObject({
      verdict: 'wait',
      deploymentId: id,
      url: expect.stringContaining(`/deployments/${id}`),
    })
    expect((await call('GET', `${one}/verdict?format=ecs-hook`)).body).toMatchObject({ hookStatus: 'IN_PROGRESS' })
    const markdown = await call('GET', `${one}/verdict?format=markdown`)
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(markdown.text).toContain(service)
    const other = await call('GET', `${one}/verdict?format=xml`)
    expect(other.body).toMatchObject({ status: 400, where: '?format', got: '"xml"' })
  })
})

describe.concurrent('waiting for the next one', () => {
  test('ends with the change', async () => {
    const { one } = await opened()
    const first = await call('GET', `${one}/verdict`)
    const known = { 'if-none-match': first.headers.get('etag')! }
    const waiting = Promise.all([
      call('GET', `${one}/verdict?wait=60s`, undefined, known),
      call('GET', `${one}/verdict?wait=1m`),
      call('GET', `${one}/verdict?wait=60s&format=gate`, undefined, known),
    ])
    await say(one, 'promote')
    const [withTag, without, gate] = await waiting
    expect(withTag).toMatchObject({ status: 200, body: { decision: 'promote' } })
    expect(withTag.body.id).not.toBe(first.body.id)
    expect(without.body).toEqual(withTag.body)
    expect(gate.body.verdict).toBe('promote')
  })

  test('returns at once to whom the newest is news, and when there will be no other', async () => {
    const { one } = await opened()
    const stale = await call('GET', `${one}/verdict?wait=60s`, undefined, { 'if-none-match': '"older"' })
    expect(stale.status).toBe(200)
    await call('POST', `${one}/finish`, { outcome: 'aborted' })
    const last = await until(async () => {
      const answer = await call('GET', `${one}/verdict`)
      return answer.body.final === true && answer
    }, 'the last verdict')
    expect((await call('GET', `${one}/verdict?wait=60s`)).body).toEqual(last.body)
    const known = { 'if-none-match': last.headers.get('etag')! }
    expect((await call('GET', `${one}/verdict?wait=60s`, undefined, known)).status).toBe(304)
  })

  test('ends without a change when the time is over', async () => {
    const { one } = await opened()
    const first = await call('GET', `${one}/verdict`)
    const known = { 'if-none-match': first.headers.get('etag')! }
    expect(await call('GET', `${one}/verdict?wait=300ms`, undefined, known)).toMatchObject({ status: 304, text: '' })
    expect((await call('GET', `${one}/verdict?wait=300ms`)).body).toEqual(first.body)
  })

  test.each(['30', 'soon', '-5s', '6m', '301s', '1h', '5s5s', ''])('for %j is refused', async (wait) => {
    const answer = await call('GET', `/api/v1/deployments/any/verdict?wait=${wait}`)
    expect(answer.body).toMatchObject({ status: 400, where: expect.stringContaining('wait'), got: `"${wait}"` })
  })
})

describe('the kill switch', () => {
  test('makes every gate wait, also for who knows the verdict already, and is on record', async () => {
    const { one } = await opened()
    await say(one, 'promote')
    const gate = await until(async () => {
      const answer = await call('GET', `${one}/verdict?format=gate`)
      return answer.body.verdict === 'promote' && answer
    }, 'a promoting gate')
    const known = { 'if-none-match': gate.headers.get('etag')! }
    expect((await call('GET', `${one}/verdict?format=gate`, undefined, known)).status).toBe(304)

    expect((await call('GET', '/api/v1/kill-switch')).body).toEqual({ on: false })
    const set = await call('PUT', '/api/v1/kill-switch', { on: true, reason: 'the judge is under suspicion' })
    expect(set.body).toMatchObject({ on: true, by: 'local', reason: 'the judge is under suspicion' })
    expect(davy.logs.some((line) => JSON.parse(line).reason === 'the judge is under suspicion')).toBe(true)

    const stopped = await call('GET', `${one}/verdict?format=gate`, undefined, known)
    expect(stopped).toMatchObject({ status: 200, body: { verdict: 'wait' } })
    expect(stopped.body.reason).toContain('kill switch')
    expect((await call('GET', `${one}/verdict?format=ecs-hook`)).body.hookStatus).toBe('IN_PROGRESS')
    expect((await call('GET', `${one}/verdict`)).body.decision).toBe('promote')

    await call('PUT', '/api/v1/kill-switch', { on: false, reason: 'all is well' })
    expect((await call('GET', `${one}/verdict?format=gate`)).body.verdict).toBe('promote')
    expect((await call('PUT', '/api/v1/kill-switch', { on: true })).body).toMatchObject({
      status: 400,
      where: '/reason',
    })
  })
})

describe('events', () => {
  /** Reads a stream of server-sent events until `isOver`, or its end. */
  async function readEvents(response: Response, isOver: (events: { event: string; data: never }[]) => boolean) {
    const events: { event: string; id: string; data: never }[] = []
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const parts = text.split('\n\n')
      text = parts.pop()!
      for (const part of parts) {
        const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
        if (fields.data !== undefined) events.push({ ...fields, data: JSON.parse(fields.data) } as never)
      }
      if (isOver(events)) break
    }
    return events
  }

  test('tell of deployments and of their verdicts as they come', async () => {
    const leave = new AbortController()
    const response = await fetch(`${davy.url}/api/v1/events`, { signal: leave.signal })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const reading = readEvents(response, (events) =>
      events.some(({ data }) => (data as { decision?: string }).decision === 'promote'),
    )
    const { one, id } = await opened()
    await say(one, 'promote')
    const events = await reading
    leave.abort()
    const own = events.filter(({ data }: { data: { id: string; deploymentId?: string } }) =>
      [data.id, data.deploymentId].includes(id),
    )
    expect(own[0]).toMatchObject({ event: 'deployment', id, data: { id, status: 'open' } })
    expect(own[0]!.data).not.toHaveProperty('template.metrics')
    expect(
      own.filter(({ event }) => event === 'verdict').map(({ data }: { data: { look: number } }) => data.look),
    ).toEqual([0, 1])
  })

  test('and long polls end when Davy stops, in time and in order', async () => {
    const { one } = await opened()
    const first = await call('GET', `${one}/verdict`)
    const stream = await fetch(`${davy.url}/api/v1/events`)
    const events = readEvents(stream, () => false)
    const known = { 'if-none-match': first.headers.get('etag')! }
    const poll = call('GET', `${one}/verdict?wait=5m`, undefined, known)
    const gate = call('GET', `${one}/verdict?wait=5m&format=gate`)
    // Both are waiting once the server has taken a later request of another connection.
    await call('GET', '/livez')
    await davy.stop()
    expect((await poll).status).toBe(304)
    expect((await gate).body.verdict).toBe('wait')
    await events
    davy = undefined as never
  })
})
