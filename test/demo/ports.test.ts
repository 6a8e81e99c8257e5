import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort, isPortFree } from '../../deploy/demo/ports.ts'

const servers: Server[] = []

async function listenOn(host: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

describe('free ports', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('a port that is listened on at %s is not free', async (host) => {
    expect(await isPortFree(await listenOn(host))).toBe(false)
  })

  it('a taken port is replaced by one ten, twenty … higher', async () => {
    const taken = await listenOn('127.0.0.1')
    const found = await freePort(taken)
    expect(found).toBeGreaterThan(taken)
    expect((found - taken) % 10).toBe(0)
    expect(await isPortFree(found)).toBe(true)
  })

  it('a port is free again after its server closed', async () => {
    const port = await listenOn('127.0.0.1')
    await new Promise((resolve) => servers.pop()?.close(resolve))
    expect(await isPortFree(port)).toBe(true)
    expect(await freePort(port)).toBe(port)
  })
})
