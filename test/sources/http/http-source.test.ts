import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpSource } from '../../../src/sources/http/http-source.ts'
import { queried, questionOf, startedAt } from '../question.ts'

const paths: string[] = []
let answer: (path: string) => { readonly status: number; readonly body: string; readonly location?: string }
let origin: string
const server = createServer((request, response) => {
  paths.push(request.url ?? '')
  const { status, body, location } = answer(request.url ?? '')
  response.writeHead(status, location === undefined ? {} : { location }).end(body)
})
const iso = (ms: number) => new Date(startedAt + ms).toISOString()

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const variables = `version=\${version}&service=\${service}&from=\${from}&to=\${to}`
const query = () => ({
  url: `${origin}/counts?${variables}`,
  ...{ rows: '$.data[*]', time: '$.at', pod: '$.host', errors: '$.bad', total: '$["all requests"]' },
})
const ask = async (more: object = {}) =>
  createHttpSource([{ origin }]).ask(
    questionOf(queried('http', 'proportion', { ...query(), ...more })),
    AbortSignal.timeout(5000),
  )

describe('an endpoint that answers JSON', () => {
  test('is asked for each arm, and its rows go to the windows that they name', async () => {
    paths.length = 0
    answer = (path) => {
      const bad = path.includes('version=2') ? 5 : 0
      const row = (at: unknown, host: string) => ({ at, host, bad, 'all requests': '10' })
      return { status: 200, body: JSON.stringify({ data: [row(iso(0), 'a'), row((startedAt + 12_000) / 1000, 'b')] }) }
    }
    const [first, second] = await ask()
    expect(first).toMatchObject({
      canary: { requests: 10, errors: 5, pods: { a: { requests: 10, errors: 5 } } },
      baseline: { requests: 10, errors: 0 },
    })
    expect(second!.canary.pods).toEqual({ b: { requests: 10, errors: 5 } })
    const encoded = `service=shop%20%26%20co&from=${encodeURIComponent(iso(0))}&to=${encodeURIComponent(iso(20_000))}`
    expect(paths.toSorted()).toEqual(['1', '2'].map((version) => `/counts?version=${version}&${encoded}`))
  })

  test('whose rows tell no time is asked window by window', async () => {
    paths.length = 0
    answer = () => ({ status: 200, body: '{"data":[{"bad":1,"all requests":4}]}' })
    const { time: _none, ...timeless } = query()
    const answers = await createHttpSource([{ origin }]).ask(
      questionOf(queried('http', 'proportion', timeless)),
      AbortSignal.timeout(5000),
    )
    expect(answers.map(({ canary }) => canary.requests)).toEqual([4, 4])
    expect(paths.length).toBe(4)
  })

  test.each([
    { name: 'another status', given: { status: 500, body: '' }, said: 'status 500' },
    { name: 'a redirect', given: { status: 302, body: '', location: 'http://127.0.0.1:1/' }, said: 'not followed' },
    { name: 'no JSON', given: { status: 200, body: '<html>' }, said: 'no JSON' },
    { name: 'no number', given: { status: 200, body: `{"data":[{"at":"${iso(0)}","bad":null}]}` }, said: 'a number' },
    {
      name: 'a row of another time',
      given: { status: 200, body: `{"data":[{"at":"${iso(90_000)}","bad":0,"all requests":1}]}` },
      said: 'times from',
    },
    {
      name: 'more errors than requests',
      given: { status: 200, body: `{"data":[{"at":"${iso(0)}","bad":2,"all requests":1}]}` },
      said: 'at most as many errors',
    },
  ])('that answers with $name is SOURCE_DOWN', async ({ given, said }) => {
    answer = () => given
    await expect(ask()).rejects.toMatchObject({ code: 'SOURCE_DOWN', message: expect.stringContaining(said) })
  })
})

test('an endpoint whose limit of requests is reached is left alone for a while', async () => {
  answer = () => ({ status: 429, body: '' })
  const source = createHttpSource([{ origin }])
  const question = questionOf(queried('http', 'proportion', query()))
  await expect(source.ask(question, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  paths.length = 0
  const again = source.ask(question, AbortSignal.timeout(5000))
  await expect(again).rejects.toMatchObject({ message: expect.stringContaining('its limit of requests is reached') })
  expect(paths).toEqual([])
  await source.close()
})

test.each(['.', '..', '%2e', '%2E%2e', 'a/../../b', '?x=1#', '\\..\\', '\ud800', ' '])(
  'a version of %j is never more than a value of its URL',
  async (version) => {
    paths.length = 0
    answer = () => ({ status: 200, body: '{"data":[]}' })
    const url = `${origin}/counts/\${version}/of?from=\${from}&to=\${to}`
    const question = questionOf(queried('http', 'proportion', { ...query(), url }))
    const deployment = { ...question.deployment, canary: { version } }
    const { ask, show } = createHttpSource([{ origin }])
    expect(show!({ ...question, deployment })).toHaveLength(2)
    const asked = ask({ ...question, deployment }, AbortSignal.timeout(5000))
    // No encoding keeps dots from being a way up the path, so they are not asked for.
    if (/^\.+$/.test(version))
      await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('its path') })
    else expect(await asked).toHaveLength(2)
    for (const path of paths) expect(path).toMatch(/^\/counts\/[^/?#]+\/of\?from=/)
  },
)

describe('a query is refused', () => {
  test.each([
    { name: 'of a host that is not configured', change: { url: `http://169.254.169.254/?${variables}` }, key: '/url' },
    { name: 'whose host is a variable', change: { url: `http://\${service}/?${variables}` }, key: '/url' },
    { name: 'with a user before the host', change: { url: `http://a@127.0.0.1/?${variables}` }, key: '/url' },
    { name: 'whose host only begins as a configured one', change: { suffix: '.evil' }, key: '/url' },
    { name: 'that does not tell the arms apart', change: { path: `/?from=\${from}&to=\${to}` }, key: '/url' },
    { name: 'that does not say of when', change: { path: `/?v=\${version}` }, key: '/url' },
    { name: 'with an unknown variable', change: { path: `/?${variables}&x=\${x}` }, key: '/url' },
    { name: 'with no JSONPath', change: { rows: '$.data[' }, key: '/rows' },
    { name: 'without a number of its kind', change: { total: undefined }, key: '/total' },
    { name: 'with an unknown key', change: { row: '$' }, key: '/row' },
  ])('$name', ({ change, key }) => {
    const { suffix = '', path, ...plain } = change as { suffix?: string; path?: string }
    const url = path === undefined ? query().url.replace(origin, `${origin}${suffix}`) : `${origin}${path}`
    const given = JSON.parse(JSON.stringify({ ...query(), url, ...plain })) as object
    expect(createHttpSource([{ origin }]).check(queried('http', 'proportion', given))).toMatchObject({ key })
  })

  test('only when something is wrong with it', () => {
    expect(createHttpSource([{ origin }]).check(queried('http', 'proportion', query()))).toBeNull()
  })
})
