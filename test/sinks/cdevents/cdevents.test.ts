import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { afterEach, expect, test } from 'vitest'
import type { Delivery, Receipt } from '../../../src/domain/sink.ts'
import { type CaseName, cases } from '../deliveries.ts'
import { type Platform, startPlatform } from '../simulators/platform.ts'
import { send } from '../way-out.ts'

const opened: Platform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})

/** As the specification's schemas of version 0.5 describe the two events: nothing more and nothing less. */
const closed = { additionalProperties: false }
const named = Type.String({ minLength: 1 })
const environment = Type.Object({ id: named, source: Type.Optional(named) }, closed)
const testSuite = Type.Object(
  { id: named, version: Type.Optional(Type.String()), name: Type.Optional(Type.String()) },
  closed,
)
const trigger = Type.Object({ type: Type.Enum(['manual', 'pipeline', 'event', 'schedule', 'other']) })
const contents = {
  'dev.cdevents.testsuiterun.started.0.3.0': Type.Object({ environment, testSuite, trigger }, closed),
  'dev.cdevents.testsuiterun.finished.0.3.0': Type.Object(
    {
      ...{ environment, testSuite },
      outcome: Type.Enum(['success', 'failure', 'cancel', 'error']),
      severity: Type.Optional(Type.Enum(['low', 'medium', 'high', 'critical'])),
      reason: Type.Optional(Type.String()),
    },
    closed,
  ),
  'dev.cdeventsx.davy-endpoint.tested.0.1.0': Type.Object({}, closed),
} as const

function isEvent(json: unknown, type: string): boolean {
  const content = (contents as Readonly<Record<string, (typeof contents)[keyof typeof contents]>>)[type]
  if (content === undefined) return false
  const event = Type.Object(
    {
      context: Type.Object(
        { specversion: named, id: named, source: named, type: Type.Literal(type), timestamp: named },
        closed,
      ),
      subject: Type.Object({ id: named, source: named, content }, closed),
      customData: Type.Object({}),
      customDataContentType: Type.String(),
    },
    closed,
  )
  return Value.Check(event, json)
}

/** A receiver of CDEvents over CloudEvents in binary mode, simulated. */
async function open() {
  const receiver = await startPlatform(({ headers, json }) => {
    const context = json?.context as { id?: string; type?: string; timestamp?: string } | undefined
    const { 'ce-id': id, 'ce-type': type, 'ce-time': time, 'ce-specversion': version } = headers
    const isSame = context?.id === id && context?.type === type && context?.timestamp === time && version === '1.0'
    const isPlain = Object.entries(headers).every(
      ([name, value]) => !name.startsWith('ce-') || /^[\x21-\x7e]+$/.test(value),
    )
    return { status: isSame && isPlain && isEvent(json, type ?? '') ? 202 : 400 }
  })
  opened.push(receiver)
  const receipts: Receipt[] = []
  const tell = async (name: CaseName, changes: Partial<Delivery> = {}) => {
    const result = await send('cdevents', { url: receiver.url }, cases[name], { receipts: [...receipts], ...changes })
    if (result.outcome === 'delivered' && result.receipt !== undefined) receipts.push(result.receipt)
    return result
  }
  return { receiver, tell }
}

test('a deployment is one run of a test suite, which starts and ends once', async () => {
  const { receiver, tell } = await open()
  await tell('started')
  expect(await tell('promote')).toMatchObject({ outcome: 'skipped' })
  await tell('rollback')
  expect(await tell('finished-rolled-back')).toMatchObject({ outcome: 'skipped' })
  expect(receiver.requests.map(({ headers }) => headers['ce-type'])).toEqual([
    'dev.cdevents.testsuiterun.started.0.3.0',
    'dev.cdevents.testsuiterun.finished.0.3.0',
  ])
  expect(receiver.requests[1]?.json).toMatchObject({
    subject: {
      id: '01JD8Q4V7W3N5T9XKZ0000ABCD',
      content: { outcome: 'failure', severity: 'critical', environment: { id: 'production' } },
    },
    customData: { davy: { decision: 'rollback' } },
  })
})

test.each([
  ['finished-promoted', 'success'],
  ['finished-rolled-back', 'cancel'],
  ['finished-aborted', 'cancel'],
] as const)('%s ends the run as %s', async (name, outcome) => {
  const { receiver, tell } = await open()
  expect(await tell(name)).toMatchObject({ outcome: 'delivered' })
  expect(receiver.requests[0]?.json).toMatchObject({ subject: { content: { outcome } } })
})

test('hostile and long names, and a test, fit the schemas', async () => {
  const { tell } = await open()
  for (const name of ['hostile', 'long', 'test'] as const)
    expect([name, (await tell(name, { receipts: [] })).outcome]).toEqual([name, 'delivered'])
})

test.each([
  [410, 'gone'],
  [404, 'retry'],
  [503, 'retry'],
])('%i is %s', async (status, outcome) => {
  const { receiver, tell } = await open()
  receiver.answerNext({ status })
  expect(await tell('rollback')).toMatchObject({ outcome, status })
})
