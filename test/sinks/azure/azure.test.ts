import { afterEach, expect, test } from 'vitest'
import type { Delivery } from '../../../src/domain/sink.ts'
import { startAzureOrganisation } from '../../http/integrations/simulators/azure-organisation.ts'
import { cases } from '../deliveries.ts'
import { send } from '../way-out.ts'

type Organisation = Awaited<ReturnType<typeof startAzureOrganisation>>
const opened: Organisation[] = []
afterEach(async () => {
  for (const organisation of opened.splice(0)) await organisation.close()
})

const approval: NonNullable<Delivery['approval']> = {
  ...{ key: 'azure p-1 t-1', endpoint: '01JD8Q4V7W3N5T9XKZ0000ENDP', service: 'checkout', environment: 'production' },
  ...{ versions: ['2.4.1'], askedAt: '2026-11-21T10:00:00Z' },
  details: { project: 'p-1', hub: 'checks', plan: 'plan-1', job: 'j-1', task: 'i-1' },
}

async function open() {
  const organisation = await startAzureOrganisation()
  opened.push(organisation)
  const tell = (name: 'promote' | 'rollback' | 'test', secret = 'personal-access-token') =>
    send('azure', { url: organisation.url }, cases[name], { secrets: [secret], approval })
  return { organisation, tell }
}

test('a check that waits is completed by the verdict, and the answer is on record', async () => {
  const { organisation, tell } = await open()
  const receipt = { answered: approval.key }
  expect(await tell('promote')).toMatchObject({ outcome: 'delivered', status: 200, receipt })
  expect(await tell('rollback')).toMatchObject({ outcome: 'delivered', status: 200, receipt })
  expect(organisation.completed.map(({ result }) => result)).toEqual(['succeeded', 'failed'])
})

// It answers 203 with a page to sign in at, which is a success to HTTP.
test.each(['promote', 'rollback', 'test'] as const)(
  '%s with a token that has expired is not delivered',
  async (name) => {
    const { organisation, tell } = await open()
    const error = expect.stringMatching(/token is wrong or has expired; give the endpoint a new one/)
    expect(await tell(name, 'expired')).toEqual({ outcome: 'failed', status: 203, error })
    expect(organisation.completed).toEqual([])
  },
)
