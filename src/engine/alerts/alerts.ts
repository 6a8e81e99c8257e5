import type { CheckState } from '../../domain/check.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import { emptyArm } from '../../domain/evidence.ts'
import type { MetricSource, SourceAnswer, SourceQuestion } from '../../domain/metric-source.ts'
import { digestOf } from '../../platform/digest.ts'
import type { Facts } from '../../storage/facts.ts'
import { coalesce } from '../coalesce.ts'
import { FactTail } from '../fact-tail.ts'
import { type AlertLabels, alertArm } from './alert-arm.ts'

/** One alert as a message of Alertmanager has it. Times are RFC 3339. */
export type ReceivedAlert = {
  readonly status: 'firing' | 'resolved'
  readonly labels: AlertLabels
  readonly summary: string
  readonly startsAt: string
  readonly url: string | null
}

type Known = ReceivedAlert & {
  /** Unix milliseconds: when the first message about this firing came, and the newest one. */
  readonly cameAt: number
  readonly heardAt: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Alertmanager repeats what fires every few hours; of what it has not said for so long, the end was missed. */
const forgottenMs = 24 * hourMs

/** A repeated message may come so much later than the end that it does not know of; one that comes later still is news. */
const lateMs = minuteMs

/** Alerts of other systems about services that are being released. */
export class Alerts {
  readonly #facts: Facts
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  readonly #read: () => Promise<void>

  constructor(facts: Facts, now: () => number) {
    this.#facts = facts
    this.#now = now
    const tail = new FactTail(facts, ['alert'], new Date(now() - forgottenMs).toISOString())
    this.#read = coalesce(() => tail.read(({ at, body }) => this.#take(body as ReceivedAlert, Date.parse(at))))
  }

  /** Takes in what has been written since, and forgets what nobody has told of for a day. */
  async refresh(): Promise<void> {
    await this.#read()
    const before = this.#now() - forgottenMs
    for (const [key, { heardAt }] of this.#known) if (heardAt < before) this.#known.delete(key)
  }

  /** Puts a message's alerts on record. Those of Davy's own rules are not among them: they would judge themselves. */
  async receive(alerts: readonly ReceivedAlert[]): Promise<number> {
    const foreign = alerts.filter(({ labels }) => labels.team !== 'davy')
    await this.#read()
    const now = this.#now()
    for (const alert of foreign) {
      const known = this.#known.get(keyOf(alert))
      // The same alert is told again every few hours: once an hour is on record, unless it says something else by then.
      const period = known === undefined || known.status === alert.status ? hourMs : minuteMs
      // Of a message that was cut off and comes again, only the rest is left.
      if (known?.status === alert.status && Math.floor(known.heardAt / period) === Math.floor(now / period)) continue
      const key = digestOf([alert.labels, alert.startsAt, alert.status, period, Math.floor(now / period)])
      await this.#facts.putOnce('alert', key, '', alert)
    }
    await this.refresh()
    return foreign.length
  }

  /**
   * Alerts that fire for the canary, or for its service since the start and not for the baseline too; as checks that have
   * failed: nobody promotes meanwhile.
   */
  statesOf(deployment: Deployment): readonly CheckState[] {
    return this.#against(deployment).map(({ labels, summary, startsAt, url }) => {
      const name = labels.alertname ?? 'alert'
      return {
        name,
        kind: 'alert',
        passed: false,
        summary: summary === '' ? `${name} fires.` : summary,
        url,
        at: startsAt,
      }
    })
  }

  /**
   * Alerts as evidence of a metric: each counts once, when Davy is told of it. The arms are observed for the same time,
   * so one alert says little and several of the canary alone say more.
   */
  source(): MetricSource {
    return {
      kinds: ['count'],
      check: ({ query = {} }) => {
        const [key] = Object.keys(query)
        return key === undefined ? null : { expected: 'no query: all alerts of the service count', got: key, key }
      },
      show: ({ deployment }) => [
        `facts: Kind = 'alert', whose labels are of the canary or of the baseline of ${deployment.service}`,
      ],
      ask: async ({ deployment, metric, windows }: SourceQuestion): Promise<readonly SourceAnswer[]> => {
        this.#refuseForgotten(windows)
        await this.refresh()
        const alerts = [...this.#known.values()].map((alert) => ({ alert, arm: alertArm(alert.labels, deployment) }))
        const events = (of: 'canary' | 'baseline', from: number, to: number): number =>
          alerts.filter(({ alert, arm }) => arm === of && alert.cameAt >= from && alert.cameAt < to).length
        return windows.map(({ from, to }) => ({
          baseline: { ...emptyArm, events: { [metric.name]: { alerts: events('baseline', from, to) } } },
          canary: { ...emptyArm, events: { [metric.name]: { alerts: events('canary', from, to) } } },
        }))
      },
    }
  }

  /** Of what is forgotten it cannot be said that nothing fired. */
  #refuseForgotten(windows: SourceQuestion['windows']): void {
    const [from, since] = [windows[0]?.from ?? Number.POSITIVE_INFINITY, this.#now() - forgottenMs]
    if (from >= since) return
    const expected = `windows from ${new Date(since).toISOString()} on`
    throw new DavyError('SOURCE_DOWN', 'Alerts are known of one day, and the question is about an earlier time.', {
      ...{ expected, got: new Date(from).toISOString() },
    })
  }

  #against(deployment: Deployment): readonly Known[] {
    const firing = [...this.#known.values()].filter(({ status }) => status === 'firing')
    const arms = firing.map((alert) => ({ alert, arm: alertArm(alert.labels, deployment) }))
    const ofBaseline = new Set(arms.flatMap(({ alert, arm }) => (arm === 'baseline' ? [alert.labels.alertname] : [])))
    const start = Date.parse(deployment.startedAt)
    return arms.flatMap(({ alert, arm }) => {
      if (arm === 'canary') return [alert]
      const isNew = Date.parse(alert.startsAt) >= start
      return arm === 'service' && isNew && !ofBaseline.has(alert.labels.alertname) ? [alert] : []
    })
  }

  #take(alert: ReceivedAlert, at: number): void {
    const key = keyOf(alert)
    const before = this.#known.get(key)
    // A message on its way when the end came does not light it again. Alertmanager also says that an alert ended when its
    // Prometheus was away for a while, and then that it fires, since the same time as before.
    if (before?.status === 'resolved' && alert.status === 'firing' && at - before.heardAt < lateMs) return
    this.#known.set(key, { ...alert, cameAt: before?.cameAt ?? at, heardAt: at })
  }
}

function keyOf({ labels, startsAt }: ReceivedAlert): string {
  return digestOf([labels, startsAt])
}
