import { Value } from 'typebox/value'
import { DavyError } from '../domain/errors.ts'
import { formatDuration, formatPercent, formatRatio } from '../domain/format.ts'
import { type Plan, type PlanRequest, planRollout } from '../engine/plan.ts'
import type { WeightPlan } from '../judges/sequential/power-plan.ts'
import { schemaFaults } from '../platform/schema-faults.ts'
import { type Body, planQuery, planSchema, present } from './schemas.ts'
import type { App, Services } from './services.ts'

const tags = ['analyses']

/** How long a decision will take, before there is a canary. Nothing is written, so a POST is reading too. */
export function planRoutes(app: App, services: Services): void {
  const answer = async ({ template: name, ...request }: Body<typeof planSchema>) => {
    await services.templates.refresh()
    const template = services.templates.named(name)
    const plan = await planRollout(services, present(request) as PlanRequest, template)
    return planView(plan, template.name, template.deadlineSeconds)
  }

  app.post('/api/v1/plan', { config: { role: 'viewer' }, schema: { tags, body: planSchema } }, ({ body }) =>
    answer(body),
  )

  app.get('/api/v1/plan', { config: { role: 'viewer' }, schema: { tags, querystring: planQuery } }, ({ query }) => {
    const { requestsPerSecond, errorRate, pods, weights, ratios, increases, ...names } = query
    const asked = present({
      ...names,
      requestsPerSecond: numberOf(requestsPerSecond),
      errorRate: numberOf(errorRate),
      pods: numberOf(pods),
      weights: numbersOf(weights),
      ratios: numbersOf(ratios),
      increases: numbersOf(increases),
    })
    return answer(checked(asked))
  })
}

/** A query's numbers are within the bounds that a body's are. @throws DavyError VALIDATION */
function checked(asked: object): Body<typeof planSchema> {
  const [fault] = schemaFaults(planSchema, Value.Errors(planSchema, asked), asked)
  if (fault === undefined) return asked as Body<typeof planSchema>
  const where = `?${fault.pointer.slice(1)}`
  throw new DavyError('VALIDATION', `The query does not fit: ${where} should be ${fault.expected}, got ${fault.got}.`, {
    expected: fault.expected,
    got: fault.got,
    where,
  })
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function numbersOf(text: string | undefined): number[] | undefined {
  return text?.split(',').map(Number)
}

const minutes = (seconds: number | null): number | null => (seconds === null ? null : Math.ceil(seconds / 6) / 10)

function planView({ basis, weights }: Plan, template: string, deadlineSeconds: number) {
  return {
    template,
    ...basis,
    weights: weights.map((plan) => ({
      weight: plan.weight,
      pods: plan.pods,
      minutesToPromote: minutes(plan.secondsToPromote),
      metrics: plan.metrics.map(({ name, critical, secondsToRuleOut, smallestDetectable, harms }) => ({
        ...{ name, critical, smallestDetectable },
        minutesToRuleOut: minutes(secondsToRuleOut),
        harms: harms.map(({ ratio, errorRate, seconds }) => ({ ratio, errorRate, minutes: minutes(seconds) })),
      })),
      unplanned: plan.unplanned.map(({ name }) => name),
      summary: sentence(plan, basis.requestsPerSecond, deadlineSeconds),
    })),
  }
}

/** '5% of 12 requests/s: 2 times the errors (6%) shows in 41 min; promote in 25 min; …'. */
function sentence(plan: WeightPlan, requestsPerSecond: number, deadlineSeconds: number): string {
  const parts: string[] = []
  for (const { name, harms, smallestDetectable } of plan.metrics) {
    for (const { ratio, errorRate, seconds } of harms.filter((harm) => harm.seconds !== null).slice(0, 1)) {
      const rate = formatPercent(errorRate)
      parts.push(`${name} at ${formatRatio(ratio)} (${rate}) shows in about ${formatDuration(seconds)}`)
    }
    const deadline = formatDuration(deadlineSeconds)
    if (smallestDetectable === null) parts.push(`no harm to ${name} shows reliably within ${deadline}`)
    else parts.push(`below ${formatRatio(smallestDetectable)} ${name} may stay unproven for ${deadline}`)
  }
  const promote =
    plan.secondsToPromote === null
      ? 'harm cannot be ruled out'
      : `a healthy canary is promoted in about ${formatDuration(plan.secondsToPromote)}`
  const left = plan.unplanned.filter(({ critical }) => critical).map(({ name }) => name)
  const without = left.length === 0 ? '' : ` (without ${left.join(', ')})`
  const traffic = `${plan.weight}% of ${Number(requestsPerSecond.toPrecision(3))} requests/s`
  return `${traffic}: ${[...parts, promote + without].join('; ')}.`
}
