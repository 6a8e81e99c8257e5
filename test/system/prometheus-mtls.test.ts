import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PrometheusClient } from '../../src/sources/prometheus/client.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-mtls-'))
const path = (name: string) => join(directory, name)
const program = process.env.OPENSSL ?? 'openssl'
const openssl = (...args: string[]) => execFileSync(program, args, { cwd: directory, stdio: 'ignore' })
const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } })
let server: ReturnType<typeof createServer>
let url: string

beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2')
  for (const name of ['server', 'davy']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=localhost')
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed)
  }
  const read = (name: string) => readFileSync(path(name))
  server = createServer(
    {
      key: read('server.key'),
      cert: read('server.pem'),
      ca: read('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(directory, { recursive: true, force: true })
})

test('a Prometheus that wants a certificate gets the configured one, and is trusted by its authority alone', async () => {
  const limits = { name: 'main', url, timeoutSeconds: 5, concurrency: 1 }
  const trusting = { ...limits, caFile: path('ca.pem') }
  const certified = { certificateFile: path('davy.pem'), keyFile: path('davy.key') }
  const clients = [{ ...trusting, ...certified }, trusting, { ...limits, ...certified }].map(
    (account) => new PrometheusClient(account),
  )
  const [known, unknown, careful] = clients as [PrometheusClient, PrometheusClient, PrometheusClient]
  expect(await known.instant('up', 1)).toEqual([])
  await expect(unknown.instant('up', 1)).rejects.toMatchObject({ code: 'SOURCE_DOWN' })
  await expect(careful.instant('up', 1)).rejects.toMatchObject({ message: expect.stringMatching(/certificate/i) })
  for (const client of clients) client.close()
})
