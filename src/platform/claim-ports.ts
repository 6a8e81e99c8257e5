import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Config, defaultPublicUrl } from './config.ts'

type Listening = Pick<Config, 'host' | 'port' | 'otlpHttpPort' | 'otlpGrpcPort' | 'publicUrl'>

async function holdFreePort(host: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref()
  server.listen(0, host)
  await once(server, 'listening')
  return server
}

/**
 * The configuration with a free port in place of each port 0. They are chosen before anything starts, since the public
 * URL goes into links and the own ports into the check that our traces do not come back to us; and they are held until
 * `release`, so that nobody else gets them meanwhile.
 */
export async function claimPorts<Given extends Listening>(
  given: Given,
): Promise<{ readonly config: Given; release(): Promise<void> }> {
  const held: Server[] = []
  const claim = async (port: number) => {
    if (port !== 0) return port
    const server = await holdFreePort(given.host)
    held.push(server)
    return (server.address() as AddressInfo).port
  }
  const port = await claim(given.port)
  const otlpHttpPort = await claim(given.otlpHttpPort)
  const otlpGrpcPort = await claim(given.otlpGrpcPort)
  const isDefault = given.publicUrl === defaultPublicUrl(given.host, given.port)
  const publicUrl = isDefault ? defaultPublicUrl(given.host, port) : given.publicUrl
  return {
    config: { ...given, port, otlpHttpPort, otlpGrpcPort, publicUrl },
    async release() {
      for (const server of held.splice(0)) await new Promise((resolve) => server.close(resolve))
    },
  }
}
