import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { until } from '../../davy.ts'
import { tool } from './tools.ts'

/** A way through the Collector: a receiver of its own, and the exporter behind it. */
export type Way = {
  readonly exporter: 'otlp' | 'otlp_http'
  readonly compression: string
  readonly encoding?: 'proto' | 'json'
}

/** A running Collector. */
export type Collector = {
  /** Where the SDK of a way sends to, over HTTP. */
  readonly urls: readonly string[]
  /** What it wrote, line by line. */
  readonly logs: readonly string[]
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

function configOf(ways: readonly Way[], ports: readonly number[], httpUrl: string, grpcUrl: string): object {
  const names = ways.map((_, index) => `way${index}`)
  const each = (of: (way: Way, index: number) => readonly [string, object]) => Object.fromEntries(ways.map(of))
  const typeOf = ({ exporter }: Way) => (exporter === 'otlp' ? 'otlp_grpc' : 'otlp_http')
  const pipelines = names.flatMap((name, index) => {
    const pipeline = {
      receivers: [`otlp/${name}`],
      processors: ['batch'],
      exporters: [`${typeOf(ways[index]!)}/${name}`],
    }
    return ['traces', 'metrics', 'logs'].map((signal) => [`${signal}/${name}`, pipeline] as const)
  })
  return {
    receivers: each((_, index) => [
      `otlp/way${index}`,
      { protocols: { http: { endpoint: `127.0.0.1:${ports[index]}` } } },
    ]),
    processors: { batch: { timeout: '20ms' } },
    exporters: each((way, index) => [
      `${typeOf(way)}/way${index}`,
      {
        compression: way.compression,
        ...(way.exporter === 'otlp'
          ? { endpoint: new URL(grpcUrl).host, tls: { insecure: true } }
          : { endpoint: httpUrl, encoding: way.encoding ?? 'proto' }),
      },
    ]),
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: Object.fromEntries(pipelines) },
  }
}

/**
 * Starts the Collector of `test/tools/collector.yaml` in front of Davy.
 * @param directory for its configuration.
 */
export async function startCollector(
  directory: string,
  ways: readonly Way[],
  { otlpUrl, otlpGrpcUrl }: { readonly otlpUrl: string; readonly otlpGrpcUrl: string },
): Promise<Collector> {
  const ports = await Promise.all(ways.map(freePort))
  const config = join(directory, 'collector.yaml')
  // JSON is YAML too.
  writeFileSync(config, JSON.stringify(configOf(ways, ports, otlpUrl, otlpGrpcUrl), null, 2))
  const child = spawn(tool('bin/otelcol-davy'), ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const logs: string[] = []
  let rest = ''
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    logs.push(...lines)
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the Collector ended: ${logs.join('\n')}${rest}`)
      return logs.some((line) => line.includes('Everything is ready'))
    }, 'a ready Collector')
  } catch (error) {
    await stop()
    throw error
  }
  return { urls: ports.map((port) => `http://127.0.0.1:${port}`), logs, stop }
}
