import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A sample or histogram that Prometheus has stored itself. `labels` are sorted by their names. */
export type OwnSample = { readonly labels: string; readonly ms: number; readonly value: number }
export type OwnHistogram = {
  readonly labels: string
  readonly ms: number
  readonly count: number
  readonly sum: number
}

export type Prometheus = {
  readonly port: number
  /** Everything raw in the `seconds` before `at` (Unix seconds). */
  raw(seconds: number, at: number): Promise<{ readonly samples: OwnSample[]; readonly histograms: OwnHistogram[] }>
  /** Of a counter or gauge of its own, all series together. */
  own(metric: string): Promise<number>
  stop(): Promise<void>
}

export type PrometheusOptions = {
  readonly binary: string
  readonly directory: string
  readonly davyUrl: string
  readonly targets: Readonly<Record<string, number>>
  readonly flags: readonly string[]
  /** Lines of the global scrape configuration and of remote_write that this version knows, indented. */
  readonly global: string
  readonly remoteWrite: string
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Text of labels that is equal when they are. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A real Prometheus that scrapes targets every second, itself among them, and writes everything to Davy. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { binary, directory, davyUrl, flags } = options
  const port = await freePort()
  const config = join(directory, 'prometheus.yml')
  const jobs = Object.entries({ ...options.targets, prometheus: port })
  writeFileSync(
    config,
    `global:
  scrape_interval: 1s
${options.global}
scrape_configs:
${jobs.map(([job, target]) => `  - job_name: ${job}\n    static_configs: [{targets: ['127.0.0.1:${target}']}]`).join('\n')}
remote_write:
  - url: ${davyUrl}/api/v1/write
    send_exemplars: true
    send_native_histograms: true
    queue_config: {batch_send_deadline: 500ms, max_shards: 2}
${options.remoteWrite}
`,
  )
  const child = spawn(
    binary,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  )
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}:\n${log}`)
    const isReady = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isReady) break
    await sleep(100)
  }
  return {
    port,
    raw: (seconds, at) => raw(url, seconds, at),
    own: async (metric) => {
      const text = await (await fetch(`${url}/metrics`)).text()
      const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

type Result = {
  readonly metric: Readonly<Record<string, string>>
  readonly values?: readonly (readonly [seconds: number, value: string])[]
  readonly histograms?: readonly (readonly [number, { readonly count: string; readonly sum: string }])[]
}

async function raw(url: string, seconds: number, at: number) {
  const parameters = new URLSearchParams({ query: `{job=~".+"}[${seconds}s]`, time: String(at) })
  const answer = await fetch(`${url}/api/v1/query?${parameters}`)
  const { status, data } = (await answer.json()) as { status: string; data: { result: readonly Result[] } }
  if (status !== 'success') throw new Error(`Prometheus does not answer: ${answer.status}`)
  const samples: OwnSample[] = []
  const histograms: OwnHistogram[] = []
  for (const { metric, values = [], histograms: native = [] } of data.result) {
    const labels = labelsKey(metric)
    for (const [time, value] of values) samples.push({ labels, ms: Math.round(time * 1000), value: numberOf(value) })
    for (const [time, { count, sum }] of native) {
      histograms.push({ labels, ms: Math.round(time * 1000), count: numberOf(count), sum: numberOf(sum) })
    }
  }
  return { samples, histograms }
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}
