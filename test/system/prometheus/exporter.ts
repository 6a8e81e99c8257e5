import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { random } from '../../stats/random.ts'

/** How the requests of a version turn out, from now on. */
export type Behaviour = { failing: number; medianSeconds: number; bytes: number; restartsPerSecond: number }

type Pod = { readonly version: string; readonly name: string; metrics: PodMetrics }

class PodMetrics {
  readonly registry = new Registry()
  readonly requests = this.#counter('requests_total', 'Requests.', ['code'])
  readonly restarts = this.#counter('restarts_total', 'Restarts of the container.', [])
  readonly seconds = new Histogram({
    ...{ name: 'request_seconds', help: 'Durations.', registers: [this.registry] },
    buckets: [0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16, 0.25, 0.5, 1, 2],
  })
  readonly bytes = new Gauge({ name: 'memory_bytes', help: 'Memory.', registers: [this.registry] })

  #counter(name: string, help: string, labelNames: string[]) {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }
}

/** Some pods of two versions that answer requests and tell of them at /<pod>/metrics, as a real one does. */
export class Exporter {
  readonly behaviours: Record<string, Behaviour> = {}
  readonly pods: Pod[] = []
  /** Further pages by path. */
  readonly others = new Map<string, () => Promise<string>>()
  readonly #server: Server
  readonly #source = random(7)
  readonly #served: { readonly at: number; readonly version: string; readonly requests: number }[] = []
  readonly #timer: NodeJS.Timeout

  constructor(versions: readonly string[], podsEach: number, requestsPerSecond: number) {
    for (const version of versions) {
      this.behaviours[version] = { failing: 0.02, medianSeconds: 0.05, bytes: 1e8, restartsPerSecond: 0 }
      for (let pod = 0; pod < podsEach; pod += 1) {
        this.pods.push({ version, name: `shop-${version}-${pod}`, metrics: new PodMetrics() })
      }
    }
    this.#server = createServer((request, response) => {
      const other = this.others.get(request.url ?? '')
      if (other !== undefined) {
        other().then((text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text))
        return
      }
      const pod = this.pods.find(({ name }) => request.url === `/${name}/metrics`)
      if (pod === undefined) return void response.writeHead(404).end()
      pod.metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
        () => response.writeHead(500).end(),
      )
    })
    const everyMs = 100
    this.#timer = setInterval(() => this.#serve((requestsPerSecond * everyMs) / 1000), everyMs)
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** The pod's process starts anew: all that it counts begins at zero. */
  restart(name: string): void {
    for (const pod of this.pods) if (pod.name === name) pod.metrics = new PodMetrics()
  }

  #serve(requests: number): void {
    for (const { version, metrics } of this.pods) {
      const { failing, medianSeconds, bytes, restartsPerSecond } = this.behaviours[version]!
      const answered = this.#source.poisson(requests)
      this.#served.push({ at: Date.now(), version, requests: answered })
      for (let request = 0; request < answered; request += 1) {
        metrics.requests.inc({ code: this.#source.uniform() < failing ? '500' : '200' })
        metrics.seconds.observe(medianSeconds * Math.exp(0.3 * this.#source.normal()))
      }
      metrics.bytes.set(bytes * Math.exp(0.02 * this.#source.normal()))
      if (this.#source.uniform() < restartsPerSecond / 10) metrics.restarts.inc()
    }
  }

  /** Requests that a version answered in a window, Unix milliseconds. */
  served(version: string, from: number, to: number): number {
    return this.#served
      .filter((one) => one.version === version && one.at >= from && one.at < to)
      .reduce((sum, one) => sum + one.requests, 0)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
