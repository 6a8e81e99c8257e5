import { DavyError } from '../../domain/errors.ts'
import type { SeriesQuery, SeriesScope } from '../../domain/series-source.ts'
import { davyJudgeName } from '../../judges/kayenta/judge-davy.ts'
import { checkJson } from '../../platform/check-json.ts'
import type { Accounts } from './accounts.ts'
import { type CanaryConfig, type ExecutionRequest, executionRequestSchema } from './canary-schemas.ts'
import { judgeOf } from './check-config.ts'
import { withoutNulls } from './plain-json.ts'

/** As many points as Prometheus gives of one series, and all that one run may hold. */
const mostPoints = 11_000
export const mostValues = 400_000
const farthestAheadMs = 24 * 3_600_000

type Thresholds = { readonly pass: number; readonly marginal: number }

/** Whom a run belongs to and where its data is: what Kayenta takes from the query string. */
export type RunNames = {
  readonly application: string
  readonly parentPipelineExecutionId?: string
  readonly canaryConfigId?: string
  readonly metricsAccountName: string
  readonly storageAccountName: string
  readonly configurationAccountName?: string
  readonly user?: string
}

/** One judgement that was asked for, as the fact of it holds it. */
export type CanaryRun = RunNames & {
  readonly config: CanaryConfig
  readonly request: ExecutionRequest
  readonly thresholds: Thresholds
  /** Unix milliseconds. */
  readonly buildTimeMillis: number
  /** The standalone analysis that it is a part of. */
  readonly analysisId?: string
}

/** The two queries of one metric. */
export type RunQueries = { readonly name: string; readonly control: SeriesQuery; readonly experiment: SeriesQuery }

/**
 * The run that an execution request asks for.
 * @param body the execution request as it came
 * @throws DavyError VALIDATION for whatever could never be fetched or judged
 */
export function canaryRunOf(
  names: RunNames,
  config: CanaryConfig,
  body: unknown,
  accounts: Accounts,
  now: number,
): CanaryRun {
  const request = withoutNulls(body)
  checkJson(executionRequestSchema, request, 'the execution request')
  const run = { ...names, config, request, buildTimeMillis: now } as Omit<CanaryRun, 'thresholds'>
  const thresholds = thresholdsOf(config, run.request.thresholds)
  checkJudge(config, thresholds)
  const metrics = config.metrics ?? []
  if (metrics.length === 0) throw new DavyError('VALIDATION', 'The canary config must specify at least one metric.')
  const { source } = accounts.resolve(names.metricsAccountName)
  let values = 0
  for (const [index, metric] of metrics.entries()) {
    const where = `/metrics/${index}/query`
    if (metric.query.type !== source.type) {
      throw new DavyError(
        'VALIDATION',
        `Metric ${metric.name} is of type ${metric.query.type}, the account ${names.metricsAccountName} of type ${source.type}.`,
        { expected: source.type, got: metric.query.type, where },
      )
    }
    const { control, experiment } = queriesOf({ ...run, thresholds }, index)
    for (const query of [control, experiment]) {
      values += checkScope(query.scope, now)
      const fault = source.check(query)
      if (fault !== null) throw new DavyError('VALIDATION', fault, { where })
    }
  }
  if (values > mostValues) {
    throw new DavyError('VALIDATION', 'The run would hold too many values.', {
      ...{ expected: `at most ${mostValues}: fewer metrics, a shorter time or a longer step`, got: String(values) },
    })
  }
  return { ...run, thresholds }
}

/** The queries of the metric at a position, for both arms. @throws DavyError VALIDATION without its scopes */
export function queriesOf({ config, request, application }: CanaryRun, index: number): RunQueries {
  const metric = (config.metrics ?? [])[index]
  if (metric === undefined) throw new RangeError(`no metric ${index}`)
  const { name, query, scopeName } = metric
  const where = `/scopes/${scopeName ?? ''}`
  const { scopes = {} } = request
  const pair = scopeName !== undefined && Object.hasOwn(scopes, scopeName) ? scopes[scopeName] : undefined
  if (pair === undefined) {
    const asked = scopeName === undefined ? 'no scopeName' : `the scope '${scopeName}'`
    const given = Object.keys(scopes)
    throw new DavyError('VALIDATION', `Metric ${name} has ${asked}, which the execution request does not provide.`, {
      ...{ expected: `one of ${given.length === 0 ? 'no scopes at all' : given.join(', ')}`, where },
    })
  }
  const of = (side: 'controlScope' | 'experimentScope'): SeriesQuery => {
    const scope = pair[side]
    if (scope === undefined) {
      throw new DavyError('VALIDATION', `The scope '${scopeName}' has no ${side}.`, { expected: side, where })
    }
    return { metricName: name, query, templates: config.templates ?? {}, application, scope: scopeOf(scope, where) }
  }
  return { name, control: of('controlScope'), experiment: of('experimentScope') }
}

type GivenScope = NonNullable<NonNullable<ExecutionRequest['scopes']>[string]['controlScope']>

function scopeOf(scope: GivenScope, where: string): SeriesScope {
  const parameters = Object.entries(scope.extendedScopeParams ?? {}).map(([key, value]) => [key, String(value)])
  return {
    ...{ scope: scope.scope ?? '', location: scope.location ?? '', stepSeconds: scope.step },
    ...{ start: instant(scope.start, `${where}/start`), end: instant(scope.end, `${where}/end`) },
    parameters: Object.fromEntries(parameters),
  }
}

/** Unix milliseconds of an ISO-8601 instant. @throws DavyError VALIDATION */
export function instant(text: string, where: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (!Number.isNaN(at)) return at
  const expected = 'an instant as 2026-11-21T10:00:00Z'
  throw new DavyError('VALIDATION', `${where} is no instant.`, { expected, got: JSON.stringify(text), where })
}

/** @returns how many values the scope has. */
function checkScope({ start, end, stepSeconds }: SeriesScope, now: number): number {
  const points = (end - start) / 1000 / stepSeconds
  const refuse = (detail: string, expected: string, got: string) => {
    throw new DavyError('VALIDATION', detail, { expected, got, where: '/scopes' })
  }
  if (!(start < end)) refuse('A scope ends before it starts.', 'start before end', `${iso(start)} to ${iso(end)}`)
  if (end > now + farthestAheadMs) refuse('A scope ends too far ahead.', 'an end within the next 24 hours', iso(end))
  if (points > mostPoints) {
    refuse('A scope has too many steps.', `at most ${mostPoints} steps of a series`, String(Math.ceil(points)))
  }
  return Math.ceil(points)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

function thresholdsOf({ classifier }: CanaryConfig, asked: Thresholds | undefined): Thresholds {
  const { pass, marginal } = asked ?? classifier?.scoreThresholds ?? {}
  if (pass !== undefined && marginal !== undefined) return { pass, marginal }
  const detail = 'Classifier thresholds must be specified in either the canary config, or the execution request.'
  throw new DavyError('VALIDATION', detail, { expected: 'thresholds: {pass, marginal}', where: '/thresholds' })
}

function checkJudge(config: CanaryConfig, { pass, marginal }: Thresholds): void {
  if (judgeOf(config) !== davyJudgeName || pass > marginal) return
  throw new DavyError('VALIDATION', `${davyJudgeName} needs a pass threshold above the marginal one.`, {
    ...{ expected: 'marginal < pass', got: `marginal ${marginal}, pass ${pass}`, where: '/thresholds' },
  })
}
