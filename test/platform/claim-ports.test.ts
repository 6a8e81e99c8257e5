import { connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { claimPorts } from '../../src/platform/claim-ports.ts'

const free = { host: '127.0.0.1', port: 0, otlpHttpPort: 0, otlpGrpcPort: 0, publicUrl: 'http://localhost:0' }

test('port 0 becomes a free port, which the public URL names too', async () => {
  const { config, release } = await claimPorts(free)
  await release()
  expect(config.port).toBeGreaterThan(0)
  expect(config.otlpHttpPort).toBeGreaterThan(0)
  expect(config.otlpGrpcPort).toBeGreaterThan(0)
  expect(new Set([config.port, config.otlpHttpPort, config.otlpGrpcPort]).size).toBe(3)
  expect(config.publicUrl).toBe(`http://localhost:${config.port}`)
})

test('what is configured stays', async () => {
  const given = { ...free, port: 8080, otlpHttpPort: 4318, otlpGrpcPort: 4317, publicUrl: 'https://davy.example.com' }
  const { config, release } = await claimPorts(given)
  expect(config).toEqual(given)
  expect((await claimPorts({ ...free, publicUrl: given.publicUrl })).config.publicUrl).toBe(given.publicUrl)
  await release()
})

test('nobody else gets a claimed port before it is released, and after that it can be bound', async () => {
  const { config, release } = await claimPorts(free)
  const bind = () =>
    new Promise((resolve) => {
      const server = createServer()
      server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
      server.listen(config.port, config.host, () => server.close(() => resolve('bound')))
    })
  expect(await bind()).toBe('EADDRINUSE')
  await release()
  await release()
  expect(await bind()).toBe('bound')
})

test('a connection to a claimed port does not keep release from ending', async () => {
  const { config, release } = await claimPorts(free)
  const socket = connect(config.port, config.host)
  await new Promise((resolve) => socket.once('connect', resolve))
  await release()
  socket.destroy()
})
