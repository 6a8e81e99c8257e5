import { expect, test } from 'vitest'
import { runDavy } from './run-davy.ts'
import { sendJson, startServer } from './verdict-server.ts'

const answer = {
  sources: ['prometheus', 'http'],
  prometheus: [
    {
      account: 'default',
      fault: null,
      packs: [
        { pack: 'istio', state: 'complete', found: [], missing: [] },
        { pack: 'go', state: 'partial', found: [], missing: ['go_goroutines'] },
      ],
    },
    { account: 'mesh', fault: 'It could not be asked.', packs: [] },
  ],
}

test('sources says which packs have data, and what is missing', async () => {
  const server = await startServer((_request, response) => sendJson(response, 200, answer))
  const run = (...args: string[]) => runDavy(args, { env: { DAVY_URL: server.url } })
  expect(await run('sources')).toEqual({
    exitCode: 0,
    err: '',
    out:
      'Sources: prometheus, http\nPrometheus default\n  istio          complete\n' +
      '  go             partial, missing go_goroutines\nPrometheus mesh: It could not be asked.\n',
  })
  expect(JSON.parse((await run('sources', '--json')).out)).toEqual(answer)
  await server.stop()
})
