import { type Arm, type Dimensions, isSameUnit, resolveArm, type Unit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { LogTemplatesReader, SkeletonRow } from '../../storage/log-templates-reader.ts'
import type { RollupReader } from '../../storage/rollup-reader.ts'
import { type ExpectedTemplates, type Muted, mutedBy, type TemplateFeedback } from './expected-templates.ts'
import type { KnownSkeletons } from './known-skeletons.ts'
import { placeByPod } from './place-logs.ts'
import { historyMs, type LogTemplate, type TemplateBooks, unkept } from './template-book.ts'

/** Lines and, of warnings and worse, the requests that they came from. Times are Unix milliseconds. */
export type LogCounts = {
  readonly lines: number
  readonly requests: number
  readonly firstSeen: number
  readonly lastSeen: number
}

/** A template as a service logs it. */
export type ListedTemplate = LogCounts & {
  readonly template: LogTemplate
  /** The highest, as the lowest number of its range; 0 for none. */
  readonly severity: number
  /** By version, in the order of their first line; '' for lines that name none. */
  readonly versions: readonly (LogCounts & { readonly version: string })[]
  readonly muted: Muted | null
}

/** What one cohort logged, among all its requests, and by how many pods. */
type ArmCount = { readonly lines: number; readonly requests: number; readonly of: number; readonly pods: number }

/** How a template of warnings or errors differs between the cohorts of a deployment. */
export type ComparedTemplate = {
  readonly template: LogTemplate
  readonly severity: number
  /** `same` also where the cohorts have too few requests to show that one of them logs it more often. */
  readonly change: 'new' | 'increased' | 'vanished' | 'same'
  /** When anybody first logged it, Unix milliseconds, as far back as rows reach; and the version that did. */
  readonly firstSeen: number
  readonly firstVersion: string
  readonly arms: Readonly<Record<Arm, ArmCount>>
  readonly muted: Muted | null
}

const warning = 13
/** By request, so many times as often is another amount; and so many requests are more than a coincidence. */
const increasedBeyond = 2
const leastRequests = 3

/** What services log, for people: templates with their counts, what is new, and what somebody expects. */
export class LogTemplates {
  readonly #reader: LogTemplatesReader
  readonly #rollups: Pick<RollupReader, 'totals'>
  readonly #books: TemplateBooks
  readonly #known: KnownSkeletons
  readonly #expected: ExpectedTemplates

  constructor(options: {
    readonly reader: LogTemplatesReader
    readonly rollups: Pick<RollupReader, 'totals'>
    readonly books: TemplateBooks
    readonly known: KnownSkeletons
    readonly expected: ExpectedTemplates
  }) {
    this.#reader = options.reader
    this.#rollups = options.rollups
    this.#books = options.books
    this.#known = options.known
    this.#expected = options.expected
  }

  /** Templates of a service in a window of Unix milliseconds, the worst and most frequent first. */
  async list(
    { service, namespace, environment }: Pick<Unit, 'service'> & Partial<Unit>,
    { from, to, severity }: { readonly from: number; readonly to: number; readonly severity: number },
  ): Promise<readonly ListedTemplate[]> {
    const all = await this.#reader.totals(service, severity, from, to, false)
    const placed = await placeByPod(this.#reader, service, all, from, to)
    const rows = all
      .map((row) => ({ ...row, ...pick(placed(row)) }))
      .filter(
        (row) => (namespace ?? row.namespace) === row.namespace && (environment ?? row.environment) === row.environment,
      )
    const listed = (await this.#grouped(service, rows, to)).map(([template, own]): ListedTemplate => {
      const versions = [...Map.groupBy(own, ({ version }) => version)].map(([version, some]) => ({
        version,
        ...countsOf(some),
      }))
      return {
        ...{
          template,
          ...countsOf(own),
          severity: worst(own),
          muted: mutedBy(this.#expected.wordOn(service, template), to),
        },
        versions: versions.sort((a, b) => a.firstSeen - b.firstSeen || (a.version < b.version ? -1 : 1)),
      }
    })
    return listed.sort(
      (a, b) => b.severity - a.severity || b.lines - a.lines || (a.template.hash < b.template.hash ? -1 : 1),
    )
  }

  /** Warnings and errors of both cohorts of a deployment from its start to `to` (Unix milliseconds), what differs first. */
  async compare(deployment: Deployment, to: number): Promise<readonly ComparedTemplate[]> {
    const { service, startedAt } = deployment
    const from = Date.parse(startedAt)
    const [all, totals, isKnown] = await Promise.all([
      this.#reader.totals(service, warning, from, to, true),
      this.#rollups.totals([service], from, to),
      this.#known.asCounted(deployment, warning),
    ])
    const placed = await placeByPod(this.#reader, service, all, from, to)
    const requests: Record<Arm, number> = { baseline: 0, canary: 0 }
    for (const row of totals) {
      const arm = resolveArm(row, deployment, deployment)
      if (arm !== null) requests[arm] += row.requests
    }
    const rows = all.flatMap((row) => {
      const arm = resolveArm(placed(row), deployment, deployment)
      return arm === null ? [] : [{ ...row, arm }]
    })
    const groups = await this.#grouped(service, rows, to)
    const firsts = await this.#firsts(deployment, groups, to)
    const compared = groups.map(([template, own]): ComparedTemplate => {
      const armOf = (arm: Arm) => {
        const some = own.filter((row) => row.arm === arm)
        return { ...sumOf(some), of: requests[arm], pods: new Set(some.map(({ pod }) => pod)).size }
      }
      const arms = { baseline: armOf('baseline'), canary: armOf('canary') }
      const first = firsts.get(template) ?? { firstSeen: from, firstVersion: '' }
      return {
        ...{ template, severity: worst(own), ...first, arms },
        change: changeOf(
          arms,
          // Of what is not told apart nobody can say that it is new.
          template === unkept || template.skeletons.some((skeleton) => isKnown(skeleton)),
        ),
        muted: mutedBy(this.#expected.wordOn(service, template), to),
      }
    })
    return compared.sort((a, b) => excess(b) - excess(a) || (a.template.hash < b.template.hash ? -1 : 1))
  }

  /** Puts on record that a template is expected, or is not any more. @throws DavyError NOT_FOUND */
  async say(
    feedback: Omit<TemplateFeedback, 'text' | 'skeletons'>,
    now: number,
  ): Promise<{ readonly id: string; readonly template: LogTemplate }> {
    const { service, hash } = feedback
    const listed = await this.list({ service }, { from: now - historyMs, to: now, severity: 0 })
    const found = listed.find(({ template }) => template.hash === hash)?.template
    if (found === undefined) {
      throw new DavyError('NOT_FOUND', `${service} has logged no template of that hash in the last fourteen days.`, {
        expected: 'a hash of GET /api/v1/services/{name}/log-templates',
        got: hash,
        where: 'hash',
      })
    }
    const id = await this.#expected.say({ ...feedback, text: found.text, skeletons: found.skeletons })
    return { id, template: found }
  }

  async #grouped<Row extends SkeletonRow>(
    service: string,
    rows: readonly Row[],
    to: number,
  ): Promise<readonly (readonly [LogTemplate, readonly Row[]])[]> {
    await this.#expected.refresh()
    const book = await this.#books.with(
      service,
      rows.map(({ skeleton }) => skeleton),
      to,
    )
    return [...Map.groupBy(rows, ({ skeleton }) => book.templateOf(skeleton))]
  }

  async #firsts(deployment: Deployment, groups: readonly (readonly [LogTemplate, unknown])[], to: number) {
    const { service } = deployment
    const rows = await this.#reader.totals(service, warning, to - historyMs, to, false)
    const placed = await placeByPod(this.#reader, service, rows, to - historyMs, to)
    const templateOf = new Map(
      groups.flatMap(([template]) => template.skeletons.map((skeleton) => [skeleton, template] as const)),
    )
    const firsts = new Map<LogTemplate, { readonly firstSeen: number; readonly firstVersion: string }>()
    for (const row of rows) {
      const { skeleton, firstSeen } = row
      const template = templateOf.get(skeleton)
      if (template === undefined) continue
      const place = placed(row)
      const first = firsts.get(template)
      if (!isSameUnit(place, deployment) || (first !== undefined && first.firstSeen <= firstSeen)) continue
      firsts.set(template, { firstSeen, firstVersion: place.version })
    }
    return firsts
  }
}

function pick({ namespace, environment, version }: Dimensions) {
  return { namespace, environment, version }
}

function sumOf(rows: readonly SkeletonRow[]): { readonly lines: number; readonly requests: number } {
  return rows.reduce((sum, row) => ({ lines: sum.lines + row.lines, requests: sum.requests + row.requests }), {
    lines: 0,
    requests: 0,
  })
}

function countsOf(rows: readonly SkeletonRow[]): LogCounts {
  const firstSeen = Math.min(...rows.map((row) => row.firstSeen))
  return { ...sumOf(rows), firstSeen, lastSeen: Math.max(...rows.map((row) => row.lastSeen)) }
}

function worst(rows: readonly SkeletonRow[]): number {
  return Math.max(...rows.map(({ severity }) => severity))
}

function changeOf({ canary, baseline }: ComparedTemplate['arms'], isKnown: boolean): ComparedTemplate['change'] {
  if (!isKnown && baseline.requests === 0) return 'new'
  // As often as the one cohort the other one would have logged it so often: less shows nothing, however rare it is there.
  const expected = (by: ArmCount, of: number) => (by.of === 0 ? 0 : (by.requests / by.of) * of)
  const [ofCanary, ofBaseline] = [expected(canary, baseline.of), expected(baseline, canary.of)]
  if (canary.requests >= leastRequests && ofCanary >= leastRequests && ofCanary > increasedBeyond * baseline.requests)
    return 'increased'
  return baseline.requests >= leastRequests && ofBaseline >= leastRequests && canary.requests === 0
    ? 'vanished'
    : 'same'
}

/** Share of the canary's requests beyond the baseline's; what differs comes before what does not. */
function excess({ arms: { canary, baseline }, change }: ComparedTemplate): number {
  const share = ({ requests, of }: { readonly requests: number; readonly of: number }) => (of === 0 ? 0 : requests / of)
  return (change === 'same' ? 0 : 10) + Math.abs(share(canary) - share(baseline))
}
