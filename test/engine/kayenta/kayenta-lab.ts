import { DavyError } from '../../../src/domain/errors.ts'
import type { SeriesQuery, SeriesSource } from '../../../src/domain/series-source.ts'
import type { Storage } from '../../../src/domain/storage.ts'
import { Accounts } from '../../../src/engine/kayenta/accounts.ts'
import { DavySeries } from '../../../src/engine/kayenta/davy-series.ts'
import { Kayenta } from '../../../src/engine/kayenta/kayenta.ts'
import { newId } from '../../../src/platform/ids.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { CohortSeriesReader } from '../../../src/storage/cohort-series-reader.ts'
import { singleNode } from '../../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../../src/storage/embedded.ts'
import { Facts } from '../../../src/storage/facts.ts'
import { migrate } from '../../../src/storage/migrations.ts'
import { random } from '../../stats/random.ts'
import { retention, temporaryDirectory } from '../../storage/opened.ts'

const minuteMs = 60_000

/** A source in memory: what it says depends on the scope, and it can be told to fail. */
export class FakeSource implements SeriesSource {
  readonly type = 'fake'
  readonly asked: SeriesQuery[] = []
  /** Codes of errors to answer with before anything else; 'hang' never answers. */
  failures: (string | 'hang')[] = []
  completeAfterMs: number | null = 0

  check({ query }: SeriesQuery): string | null {
    return query.metricName === 'unanswerable' ? 'the fake cannot answer this' : null
  }

  queryText({ scope }: SeriesQuery): string {
    return `fake(${scope.scope})`
  }

  completeAt(end: number): number | null {
    return this.completeAfterMs === null ? null : end + this.completeAfterMs
  }

  async fetch(query: SeriesQuery, signal: AbortSignal) {
    this.asked.push(query)
    const failure = this.failures.shift()
    if (failure === 'hang') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    if (failure !== undefined) throw new DavyError(failure as 'STORAGE_DOWN', `the fake fails with ${failure}`)
    const { scope, start, end, stepSeconds } = query.scope
    if (scope === 'silent') return { series: [], query: 'nothing' }
    const steps = Math.floor((end - start) / 1000 / stepSeconds)
    const source = random(scope.length * 1000 + steps)
    const level = scope.startsWith('bad') ? 200 : 100
    const values = Array.from({ length: steps }, () => level + 5 * source.normal())
    return { series: [{ tags: {}, startAt: start, stepMs: stepSeconds * 1000, values }], query: `fake(${scope})` }
  }

  async describe(filter: string) {
    return [{ name: 'level' }].filter(({ name }) => name.includes(filter))
  }
}

/** A storage with facts that outlives the processes over it, and a clock. */
export async function openKayentaLab() {
  const [directory, remove] = temporaryDirectory()
  const storage = EmbeddedStorage.open(directory)
  const first = new Facts(storage, 'lab')
  await migrate(storage, first, singleNode, retention)
  let processes = 0
  const lab = {
    storage,
    logged: [] as string[],
    now: Math.floor(Date.now() / minuteMs) * minuteMs,
    source: new FakeSource(),
    /** Another process over the same storage; `over`: as it reaches that. */
    start(accounts?: ReadonlyMap<string, SeriesSource> | null, over: Storage = storage) {
      const now = () => lab.now
      const reader = new CohortSeriesReader(storage)
      const davy = new DavySeries({ reader, oldestUnstoredAt: () => null, now })
      return new Kayenta({
        facts: new Facts(over, `process-${++processes}`),
        accounts: new Accounts(
          accounts ??
            new Map<string, SeriesSource>([
              ['davy', davy],
              ['fake', lab.source],
            ]),
        ),
        log: createLogger('info', { write: (line: string) => void lab.logged.push(line) }),
        now,
        newId: () => newId(lab.now),
        retrySeconds: () => 0.001,
      })
    },
    async close() {
      await storage.close()
      remove()
    },
  }
  return lab
}

export type KayentaLab = Awaited<ReturnType<typeof openKayentaLab>>

/** Ticks until the run, or the analysis, is complete. */
export async function settled(kayenta: Kayenta, status: () => Promise<object>): Promise<Record<string, unknown>> {
  for (let round = 0; round < 2000; round += 1) {
    await kayenta.tick()
    const now = (await status()) as Record<string, unknown>
    if (now.complete === true) return now
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it is not complete after 2000 rounds')
}

/** A canary config over the fake source. */
export function fakeConfig(name: string, change: object = {}, metric: object = {}) {
  return {
    ...{ name, applications: ['shop'], judge: { name: 'NetflixACAJudge-v1.0', judgeConfigurations: {} } },
    metrics: [
      {
        ...{ name: 'level', scopeName: 'default', groups: ['levels'], query: { type: 'fake', metricName: 'level' } },
        analysisConfigurations: { canary: { direction: 'increase', critical: true } },
        ...metric,
      },
    ],
    classifier: { groupWeights: { levels: 100 } },
    ...change,
  }
}

/** An execution request over the hour before `end`. */
export function requestUntil(end: number, experiment: string, control = 'good') {
  const of = (scope: string) => ({
    ...{ scope, location: '', step: 60 },
    ...{ start: new Date(end - 60 * minuteMs).toISOString(), end: new Date(end).toISOString() },
  })
  return {
    scopes: { default: { controlScope: of(control), experimentScope: of(experiment) } },
    thresholds: { pass: 95, marginal: 75 },
  }
}
