import { setImmediate } from 'node:timers/promises'
import { type Arm, type Dimensions, resolveArm } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import { type ArmSlice, type Counts, emptyArm, type Signature } from '../../domain/evidence.ts'
import type { MetricSource, SourceAnswer } from '../../domain/metric-source.ts'
import type { MetricSpec } from '../../domain/template.ts'
import type { LogTemplatesReader, RequestTick, SkeletonRow } from '../../storage/log-templates-reader.ts'
import { quoted } from '../calls/show-calls.ts'
import { type ExpectedTemplates, mutedBy } from './expected-templates.ts'
import type { KnownSkeletons } from './known-skeletons.ts'
import type { LogMiner } from './log-miner.ts'
import { checkLogQuery, severityOf } from './log-query.ts'
import { placeByPod } from './place-logs.ts'
import { type LogTemplate, type TemplateBooks, unkept } from './template-book.ts'

/** Signatures of one arm and window; of more those that were logged most, the worst first. */
const mostSignatures = 200
const textCharacters = 200
/** So many rows are looked at in a few milliseconds; then others have their turn. */
const rowsOfTurn = 2000

export type LogsSourceOptions = {
  readonly reader: LogTemplatesReader
  readonly miner: Pick<LogMiner, 'mineNow'>
  readonly books: TemplateBooks
  readonly known: KnownSkeletons
  readonly expected: ExpectedTemplates
  /** Since when logs have been waiting for storage, Unix milliseconds; null when all are stored. */
  readonly oldestUnstoredAt: () => number | null
}

/**
 * What services log, as evidence: `signatures`, requests that log errors by what they log; `proportion`, requests that
 * log any among all. Templates that somebody expects are in neither. Requests are spans of kind SERVER and CONSUMER.
 */
export function createLogsSource(options: LogsSourceOptions): MetricSource {
  const { reader, miner, books, known, expected } = options
  return {
    kinds: ['signatures', 'proportion'],
    check: checkLogQuery,
    show: ({ deployment, metric }) => [
      `rollup_log_templates_10s: Service = ${quoted(deployment.service)} AND SeverityNumber >= ${severityOf(metric)}`,
    ],
    async ask({ deployment, metric, windows }, signal) {
      const from = windows[0]?.from ?? 0
      const to = windows.at(-1)?.to ?? 0
      const { service } = deployment
      const unstored = options.oldestUnstoredAt()
      if ((unstored !== null && unstored < to) || !(await miner.mineNow(service, from, to, signal))) {
        throw new DavyError('SOURCE_DOWN', `Log lines of ${service} have come and are not counted yet.`, {
          expected: `all up to ${new Date(to).toISOString()}`,
          got: 'fewer; the next look asks again',
        })
      }
      const severity = severityOf(metric)
      const [lines, requests] = await Promise.all([
        reader.ticks(service, severity, from, to, signal),
        reader.requests(service, from, to, signal),
        expected.refresh(),
      ])
      const [book, isKnown, placed] = await Promise.all([
        books.with(
          service,
          lines.map(({ skeleton }) => skeleton),
          to,
        ),
        known.before(deployment, severity),
        placeByPod(reader, service, lines, from, to),
      ])
      const isKnownTemplate = onceEach(({ skeletons }: LogTemplate) => skeletons.some((skeleton) => isKnown(skeleton)))
      const wordOn = onceEach((template: LogTemplate) => expected.wordOn(service, template))
      const judged: Logged[] = []
      for (const [at, row] of lines.entries()) {
        if (at % rowsOfTurn === 0) await setImmediate()
        const template = book.templateOf(row.skeleton)
        const arm = resolveArm(placed(row), deployment, deployment)
        // By when it was logged, not by now: an answer must not depend on when it was asked for.
        if (arm === null || mutedBy(wordOn(template), row.at) !== null) continue
        judged.push({ row, arm, template, isKnown: isKnownTemplate(template) })
      }
      const answered = requests.flatMap((row) => {
        const arm = resolveArm(row, deployment, deployment)
        return arm === null ? [] : [{ row, arm }]
      })
      const answers: SourceAnswer[] = []
      for (const window of windows) {
        await setImmediate()
        const isWithin = ({ row }: { readonly row: { readonly at: number } }) =>
          row.at >= window.from && row.at < window.to
        const [logged, served] = [judged.filter(isWithin), answered.filter(isWithin)]
        answers.push({
          baseline: armOf('baseline', metric, logged, served),
          canary: armOf('canary', metric, logged, served),
        })
      }
      return answers
    },
  }
}

/** A template may stand for thousands of skeletons, and come in thousands of rows. */
function onceEach<Key extends object, Value>(tell: (key: Key) => Value): (key: Key) => Value {
  const told = new Map<Key, Value>()
  return (key) => {
    if (!told.has(key)) told.set(key, tell(key))
    return told.get(key) as Value
  }
}

type Logged = {
  readonly row: SkeletonRow
  readonly arm: Arm
  readonly template: LogTemplate
  readonly isKnown: boolean
}
type Served = { readonly row: RequestTick; readonly arm: Arm }

function armOf(arm: Arm, { kind }: MetricSpec, logged: readonly Logged[], served: readonly Served[]): ArmSlice {
  const own = logged.filter((one) => one.arm === arm)
  const requests = sumByPod(
    served.filter((one) => one.arm === arm).map(({ row }) => ({ pod: row.pod, count: row.requests })),
  )
  const errors = sumByPod(own.map(({ row }) => ({ pod: row.pod, count: row.requests })))
  const isCounted = kind === 'proportion'
  const pods = Object.fromEntries(
    [...requests].sort(byName).map(([pod, count]): [string, Counts] => [
      pod,
      // One request may log several errors, and fails once.
      { requests: count, errors: isCounted ? Math.min(count, errors.get(pod) ?? 0) : 0 },
    ]),
  )
  const total = Object.values(pods).reduce(
    (sum, one) => ({ requests: sum.requests + one.requests, errors: sum.errors + one.errors }),
    { requests: 0, errors: 0 },
  )
  const counted = { ...emptyArm, ...total, pods, operations: isCounted && total.requests > 0 ? { all: total } : {} }
  return isCounted ? counted : { ...counted, signatures: signaturesOf(own) }
}

function signaturesOf(logged: readonly Logged[]): Readonly<Record<string, Signature>> {
  const groups = Map.groupBy(logged, ({ template }) => template.hash)
  const all = [...groups].map(([hash, rows]) => {
    const [{ template, isKnown }] = rows as [Logged]
    const pods = sumByPod(rows.map(({ row }) => ({ pod: row.pod, count: row.requests })))
    const severity = Math.max(...rows.map(({ row }) => row.severity))
    const signature: Signature = {
      text: [...template.text].slice(0, textCharacters).join(''),
      severity,
      // Of what is not told apart nobody can say that it is new.
      isKnown: isKnown || template === unkept,
      pods: Object.fromEntries([...pods].sort(byName)),
    }
    return { hash, signature, count: rows.reduce((sum, { row }) => sum + row.requests, 0) }
  })
  all.sort((a, b) => b.signature.severity - a.signature.severity || b.count - a.count || (a.hash < b.hash ? -1 : 1))
  return Object.fromEntries(all.slice(0, mostSignatures).map(({ hash, signature }) => [hash, signature]))
}

function sumByPod(rows: readonly { readonly pod: Dimensions['pod']; readonly count: number }[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { pod, count } of rows) sums.set(pod, (sums.get(pod) ?? 0) + count)
  return sums
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
