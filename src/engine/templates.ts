import { DavyError } from '../domain/errors.ts'
import {
  isOfRequests,
  isQueried,
  type MetricKind,
  type MetricSpec,
  type QuerySource,
  type Template,
} from '../domain/template.ts'
import { digestOf } from '../platform/digest.ts'
import type { Facts } from '../storage/facts.ts'
import { FactMirror } from './fact-mirror.ts'
import { defaultInstruments } from './request-source.ts'
import type { CheckQuery } from './sources.ts'

export type NamedTemplate = {
  readonly template: Template
  readonly digest: string
  readonly origin: 'file' | 'api'
  readonly updatedAt: string | null
}

/** Policies by name: what the API was given, else what lies in the files that were read at start. */
export class Templates {
  readonly #facts: Facts
  readonly #mirror: FactMirror
  readonly #files: ReadonlyMap<string, Template>
  readonly #newId: () => string
  /** What sources say of the queries of a template that is put. */
  readonly checkQuery: CheckQuery

  constructor(facts: Facts, files: readonly Template[], newId: () => string, checkQuery: CheckQuery = noSource) {
    this.#facts = facts
    this.checkQuery = checkQuery
    this.#mirror = new FactMirror(facts, ['template'])
    this.#files = new Map(files.map((template) => [template.name, template]))
    this.#newId = newId
  }

  async refresh(): Promise<void> {
    await this.#mirror.refresh()
  }

  find(name: string): Template | undefined {
    return this.list().find(({ template }) => template.name === name)?.template
  }

  /** The template of that name. @throws DavyError UNPROCESSABLE */
  named(name = 'default'): Template {
    const template = this.find(name)
    if (template !== undefined) return template
    throw new DavyError('UNPROCESSABLE', `There is no template ${JSON.stringify(name.slice(0, 64))}.`, {
      expected: `one of ${this.names().join(', ')}, or PUT /api/v1/templates/{name} first`,
      got: name.slice(0, 64),
      where: 'template',
    })
  }

  /** The template `default`, which completes others. */
  get base(): Template {
    const base = this.find('default')
    if (base === undefined) throw new Error('there is no template named default')
    return base
  }

  names(): readonly string[] {
    return this.list().map(({ template }) => template.name)
  }

  list(): readonly NamedTemplate[] {
    const byName = new Map<string, NamedTemplate>()
    for (const template of this.#files.values()) {
      byName.set(template.name, { template, digest: digestOf(template), origin: 'file', updatedAt: null })
    }
    for (const fact of this.#mirror.facts) {
      const template = fact.body as Template
      byName.set(template.name, { template, digest: digestOf(template), origin: 'api', updatedAt: fact.at })
    }
    return [...byName.values()].sort((a, b) => (a.template.name < b.template.name ? -1 : 1))
  }

  /** Deployments that are open keep the template that they opened with. */
  async put(template: Template): Promise<{ readonly created: boolean }> {
    checkTemplate(template, '', this.checkQuery)
    await this.refresh()
    const existing = this.find(template.name)
    if (existing !== undefined && digestOf(existing) === digestOf(template)) return { created: false }
    await this.#facts.putOnce('template', this.#newId(), template.name, template)
    await this.refresh()
    return { created: existing === undefined }
  }
}

/** Without any source nothing can be queried. */
export const noSource: CheckQuery = ({ source }) => ({ expected: 'a source that is configured', got: source, key: '' })

/**
 * What a schema cannot say.
 * @param within the file or the part of a request that it came from.
 * @param checkQuery what the source of a metric says of its query.
 * @throws DavyError UNPROCESSABLE
 */
export function checkTemplate(template: Template, within = '', checkQuery: CheckQuery = noSource): void {
  const fail = (detail: string, expected: string, got: string, where: string): never => {
    throw new DavyError('UNPROCESSABLE', detail, { expected, got, where: `${within}${where}` })
  }
  if (template.lookSeconds % 10 !== 0) {
    fail('A look ends on a 10-second tick.', 'a multiple of 10', String(template.lookSeconds), '/lookSeconds')
  }
  if (template.blockSeconds % template.lookSeconds !== 0) {
    const expected = `a multiple of lookSeconds, ${template.lookSeconds}`
    fail('A block is made of whole looks.', expected, String(template.blockSeconds), '/blockSeconds')
  }
  const weight = template.metrics.reduce((sum, metric) => sum + metric.weight, 0)
  if (weight > 1 + 1e-9) {
    fail('The weights share one error budget.', 'a sum of at most 1', String(weight), '/metrics')
  }
  const names = new Set<string>()
  for (const [index, metric] of template.metrics.entries()) {
    if (names.has(metric.name)) {
      fail('Two metrics have one name.', 'distinct names', metric.name, `/metrics/${index}/name`)
    }
    names.add(metric.name)
    checkSource(metric, template, (detail, expected, got, key) =>
      fail(detail, expected, got, `/metrics/${index}/${key}`),
    )
    checkKind(metric, (detail, expected, got, key) => fail(detail, expected, got, `/metrics/${index}/${key}`))
    checkOwnQuery(metric, checkQuery, (detail, expected, got, key) =>
      fail(detail, expected, got, `/metrics/${index}/${key}`),
    )
    if (metric.promoteMargin < metric.margin) {
      const got = String(metric.promoteMargin)
      fail(
        'Harm that is ruled out must lie at or beyond harm that is shown.',
        `>= margin, ${metric.margin}`,
        got,
        `/metrics/${index}/promoteMargin`,
      )
    }
  }
}

/** Kinds that are compared event by event may have no margin: one more crash is one too many. */
const smallestMargin: Readonly<Record<MetricKind, number>> = {
  proportion: 1.05,
  distribution: 1.05,
  gauge: 1.05,
  count: 1,
  paired: 1,
  signatures: 1,
  edges: 1.05,
}

type Fail = (detail: string, expected: string, got: string, key: string) => never

/** What is queried has a query that its source understands, and nothing else has one. */
function checkOwnQuery(metric: MetricSpec, checkQuery: CheckQuery, fail: Fail): void {
  const { source, query, instruments } = metric
  if (!isQueried(metric)) {
    if (query !== undefined) {
      fail(`Nobody is asked for a metric of source ${source}.`, 'no query', 'a query', 'query')
    }
    return
  }
  if (instruments !== undefined) {
    fail(
      `A metric of source ${source} is asked for by its query.`,
      'no instruments',
      instruments.join(', '),
      'instruments',
    )
  }
  const fault = checkQuery(metric)
  if (fault === null) return
  const isOfKind = fault.key === '' && (fault.got === metric.kind || fault.got === source)
  const inQuery = fault.key === '' ? 'query' : `query/${fault.key.replace(/^\//, '')}`
  const key = !isOfKind ? inQuery : fault.got === source ? 'source' : 'kind'
  fail('The source cannot be asked so.', fault.expected, fault.got, key)
}

/** Errors and latency of one deployment are told of the same requests, which come from one source and one instrument. */
function checkSource(metric: MetricSpec, { metrics }: Template, fail: Fail): void {
  const first = metrics.find(isOfRequests)
  if (first === undefined || !isOfRequests(metric)) return
  if (metric.source !== first.source) {
    const detail = 'All metrics of requests have one source.'
    fail(detail, `${first.source}, as ${first.name}`, metric.source, 'source')
  }
  const names = ({ instruments }: MetricSpec) => (instruments ?? defaultInstruments).join(', ')
  if (metric.source === 'metrics' && names(metric) !== names(first)) {
    const detail = 'All metrics of requests have the same instruments.'
    fail(detail, `${names(first)}, as ${first.name}`, names(metric), 'instruments')
  }
}

/** Kinds of which one source alone tells. */
const onlySource: Partial<Readonly<Record<MetricKind, QuerySource>>> = { signatures: 'logs', edges: 'calls' }

/** What a metric may be read for, by its kind. */
const readings: Partial<Readonly<Record<MetricKind, readonly string[]>>> = {
  gauge: ['level', 'growth'],
  edges: ['new', 'vanished'],
}

function checkKind(metric: MetricSpec, fail: Fail): void {
  const { kind, source, instruments, margin, reading } = metric
  const told = onlySource[kind]
  if (told !== undefined && source !== told) {
    fail(`A metric of kind ${kind} is told by one source.`, told, source, 'source')
  }
  const known = readings[kind]
  if (known !== undefined && (reading === undefined ? kind === 'edges' : !known.includes(reading))) {
    fail(`A metric of kind ${kind} is read so.`, known.join(' | '), reading ?? 'none', 'reading')
  }
  const isMeasured = kind === 'gauge' || kind === 'count'
  const isOwn = isQueried(metric)
  const expected = isMeasured ? 'metrics' : 'spans'
  if (source !== expected && !isOfRequests(metric) && !isOwn) {
    const others = kind === 'paired' ? '' : ', or a source that is queried'
    fail(`A metric of kind ${kind} comes from elsewhere.`, `${expected}${others}`, source, 'source')
  }
  if (isMeasured && !isOwn && instruments === undefined) {
    fail(
      `A metric of kind ${kind} names what it is judged by.`,
      'instruments, such as ["jvm.memory.used"]',
      'none',
      'instruments',
    )
  }
  if (source === 'spans' && instruments !== undefined) {
    fail(`A metric of kind ${kind} is counted from spans.`, 'no instruments', instruments.join(', '), 'instruments')
  }
  if (margin < smallestMargin[kind]) {
    fail(
      'Differences that small are between any two pods.',
      `at least ${smallestMargin[kind]}`,
      String(margin),
      'margin',
    )
  }
}
