import { execFileSync, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toolPath } from './tool-path.ts'

/** An OpenTelemetry Collector that writes what it gets to a file, as protobuf. */
export type RunningCollector = {
  readonly pid: number
  readonly version: string
  /** Of OTLP over HTTP. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts it with one pipeline for spans: OTLP, batches as by default, file.
 * @returns null when there is none.
 */
export async function startCollector(directory: string): Promise<RunningCollector | null> {
  const path = toolPath('otelcol-davy')
  if (!existsSync(path)) return null
  const port = await freePort()
  const file = join(directory, 'collector.yaml')
  writeFileSync(file, config(port, join(directory, 'collector.pb')))
  const child = spawn(path, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const log: string[] = []
  child.stderr.on('data', (data: Buffer) => log.push(data.toString()))
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; !(await answers(url)); tries++) {
    if (child.exitCode !== null || tries === 100) throw new Error(`the Collector did not start: ${log.join('')}`)
    await sleep(100)
  }
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  return { pid: child.pid as number, version, url, stop }
}

function config(port: number, output: string): string {
  return JSON.stringify({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: {} },
    exporters: { file: { path: output, format: 'proto' } },
    service: {
      telemetry: { logs: { level: 'warn' }, metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['file'] } },
    },
  })
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url)
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}
