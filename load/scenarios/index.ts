import { setTimeout as sleep } from 'node:timers/promises'
import { findingsOf } from '../deliveries/findings.ts'
import { receive } from '../deliveries/receive.ts'
import { call } from '../deliveries/rollouts.ts'
import { keptFigures } from '../ingest/bench-figures.ts'
import type { RunningDavy } from '../ingest/start-davy.ts'
import { serveBodies } from '../serve-bodies.ts'
import type { Finding } from '../summary/finding.ts'
import { highestRate, type Resources, steadiness } from '../summary/resources.ts'

/** What a scenario has outside k6 while it runs. */
export type Beside = {
  /** Variables for the script. */
  readonly variables: Readonly<Record<string, string>>
  /** Asked while Davy still runs. */
  asked?(davy: RunningDavy): Promise<void>
  /** @param directory of a Davy that has stopped. */
  findings?(directory: string): Promise<readonly Finding[]>
  close(): Promise<void>
}

/** A scenario of k6. */
export type Scenario = {
  /** What it shows, one sentence. */
  readonly about: string
  readonly script: URL
  readonly seconds: number
  /** Whether prepared bodies of telemetry are needed. */
  readonly needsBodies: boolean
  /** Between two looks at what Davy takes. */
  readonly watchEveryMs: number
  /** Its thresholds say where it ends, and not what must hold. */
  readonly endsByThreshold?: boolean
  readonly beside?: () => Promise<Beside>
  readonly findings?: (samples: readonly Resources[]) => readonly Finding[]
  readonly figures?: (samples: readonly Resources[]) => readonly (readonly [string, string])[]
}

const watchEveryMs = 2_000
const breakWindowMs = 5_000

/** All of them, by the names that the command takes. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  smoke: {
    about: 'One user does everything once and again.',
    script: new URL('./smoke.ts', import.meta.url),
    ...{ seconds: 10, needsBodies: true, watchEveryMs },
  },
  ingest: {
    about: 'A constant rate of three signals; what was accepted can be asked for.',
    script: new URL('../ingest.ts', import.meta.url),
    ...{ seconds: 30, needsBodies: true, watchEveryMs },
  },
  gates: {
    about: 'Controllers ask the gates of fifty deployments while telemetry comes in.',
    script: new URL('./gates.ts', import.meta.url),
    ...{ seconds: 60, needsBodies: true, watchEveryMs },
  },
  verdict: {
    about: 'Under load a bad release is rolled back and a good one promoted.',
    script: new URL('./verdict.ts', import.meta.url),
    ...{ seconds: 240, needsBodies: true, watchEveryMs },
  },
  webhooks: {
    about:
      'Many verdicts change at once; each change reaches a receiver that refuses one in ten, under an id that stays.',
    script: new URL('./webhooks.ts', import.meta.url),
    ...{ seconds: 30, needsBodies: false, watchEveryMs, beside: besideWebhooks },
  },
  soak: {
    about: 'A steady load for hours; memory and open files stay what they are, and merges keep up.',
    script: new URL('./soak.ts', import.meta.url),
    ...{ seconds: 7200, needsBodies: false, watchEveryMs: 5_000, beside: besideSoak, findings: steadiness },
  },
  spike: {
    about: 'Telemetry jumps to twenty times its rate and back; nothing that was accepted is lost.',
    script: new URL('./spike.ts', import.meta.url),
    ...{ seconds: 60, needsBodies: true, watchEveryMs },
  },
  breakpoint: {
    about: 'The rate of spans grows until some are refused or answers come late.',
    script: new URL('./breakpoint.ts', import.meta.url),
    ...{ seconds: 120, needsBodies: true, watchEveryMs: 500, endsByThreshold: true, figures: breakFigures },
  },
}

async function besideSoak(): Promise<Beside> {
  const bodies = await serveBodies()
  return { variables: { BODIES_URL: bodies.url }, close: () => bodies.close() }
}

/** A receiver that takes a moment and refuses every tenth call. */
async function besideWebhooks(): Promise<Beside> {
  let calls = 0
  let since = ''
  const receiver = await receive(async (response) => {
    calls += 1
    const isAccepted = calls % 10 !== 0
    await sleep(10)
    response.writeHead(isAccepted ? 204 : 503).end()
    return isAccepted
  })
  return {
    variables: { RECEIVER: receiver.url },
    async asked({ url }) {
      const { items } = await call<{ items: { createdAt: string }[] }>(url, 'GET', '/api/v1/endpoints')
      if (items[0] === undefined) throw new Error('expected the endpoint that the scenario makes, there is none')
      since = items[0].createdAt
    },
    async findings(directory) {
      const { verdicts, missing, unknown, altered, twice, ...seen } = await findingsOf(directory, receiver.calls, since)
      const none = (what: string, ids: readonly string[]): Finding => ({
        ...{ what, measured: ids.length === 0 ? '0' : `${ids.length}: ${ids.slice(0, 3).join(', ')}` },
        ...{ limit: '0', isKept: ids.length === 0 },
      })
      return [
        { what: 'verdicts that changed', measured: String(verdicts), limit: '> 0', isKept: verdicts > 0 },
        none('verdicts that the receiver never took', missing),
        none('messages about no verdict', unknown),
        none('ids that came with two contents', altered),
        { what: 'calls, and messages taken again', measured: `${seen.calls}, ${twice}`, limit: 'any', isKept: true },
      ]
    },
    close: () => receiver.close(),
  }
}

function breakFigures(samples: readonly Resources[]): readonly (readonly [string, string])[] {
  const rate = highestRate(samples, breakWindowMs)
  const bench = keptFigures()
  const inBench = bench?.spansPerSecond ?? null
  return [
    [
      'spans a second, accepted over five seconds before the break',
      rate === null ? 'not reached: the run was too short' : String(Math.round(rate)),
    ],
    [
      'spans a second, stored, of `npm run bench:ingest`',
      inBench === null ? 'not run in this clone' : `${inBench} (${bench?.date})`,
    ],
  ]
}
