import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { localUrl, runHealthcheck } from '../src/run-healthcheck.ts'

const closes: (() => void)[] = []

afterEach(() => {
  for (const close of closes.splice(0)) close()
})

async function serve(status: number): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(status).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, asked }
}

it('asks the port of its configuration, on loopback where Davy listens everywhere', async () => {
  const { port, asked } = await serve(200)
  await runHealthcheck({ host: '0.0.0.0', port })
  expect(asked).toEqual(['/livez'])
  expect(localUrl({ host: '::', port: 1 })).toBe('http://[::1]:1')
  expect(localUrl({ host: '10.0.0.7', port: 8080 })).toBe('http://10.0.0.7:8080')
})

it('fails with what came when the answer is not 200', async () => {
  const { port } = await serve(503)
  const refused = runHealthcheck({ host: '127.0.0.1', port })
  await expect(refused).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('got 503') })
})

it('fails when nothing answers', async () => {
  const { port } = await serve(200)
  for (const close of closes.splice(0)) close()
  const refused = runHealthcheck({ host: '127.0.0.1', port })
  await expect(refused).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('ECONNREFUSED') })
})
