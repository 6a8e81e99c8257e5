import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type Program, startProgram } from '../alerts/prometheus.ts'
import { tool } from '../clients/tools.ts'

/** A target that is scraped, with the labels that discovery would give it. */
export type Target = { readonly address: string; readonly path: string; readonly labels: Record<string, string> }

/** A real Prometheus that may be stopped and started again on what it has stored. */
export class ScrapingPrometheus {
  readonly url: string
  readonly #directory: string
  readonly #args: readonly string[]
  #program: Program | null = null

  private constructor(directory: string, port: number) {
    this.url = `http://127.0.0.1:${port}`
    this.#directory = directory
    this.#args = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]
  }

  /** Scrapes each job's targets every `seconds`, and itself as the job `self`, once more under each name of `ownPods`. */
  static async prepare(
    jobs: Readonly<Record<string, readonly Target[]>>,
    seconds = 1,
    ownPods: readonly string[] = [],
  ): Promise<ScrapingPrometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'davy-prometheus-'))
    const port = await freePort()
    const own = (labels: Record<string, string>): Target => ({ address: `127.0.0.1:${port}`, path: '/metrics', labels })
    const all = { ...jobs, self: [own({})], go: ownPods.map((pod) => own({ pod })) }
    const config = {
      global: { scrape_interval: `${seconds}s`, scrape_native_histograms: true },
      scrape_configs: Object.entries(all).map(([job_name, targets]) => ({
        job_name,
        // The job of this name has native histograms with the bounds of its classic ones.
        ...(job_name === 'custom' ? { convert_classic_histograms_to_nhcb: true } : {}),
        static_configs: targets.map(({ address, path, labels }) => ({
          targets: [address],
          labels: { ...labels, __metrics_path__: path },
        })),
      })),
    }
    // JSON is YAML.
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config))
    return new ScrapingPrometheus(directory, port)
  }

  async start(): Promise<void> {
    this.#program = await startProgram(tool('bin/prometheus'), this.#args, this.#directory, `${this.url}/-/ready`)
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
    this.#program = null
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
