import type { MetricSource } from '../../domain/metric-source.ts'
import type { NewRelicAccount } from '../../platform/config-services.ts'
import { aroundText, filling, shownTexts } from '../arm-text.ts'
import { secretIn } from '../credentials.ts'
import { JsonApi } from '../json-api.ts'
import { periodSource } from '../period-source.ts'
import { checkNewRelicQuery, newRelicParts, newRelicTiming, nrqlOf } from './new-relic-query.ts'
import { nrql } from './nrql.ts'
import { readNerdGraph } from './read-nerdgraph.ts'

const system = 'New Relic'

const endpoints = { us: 'https://api.newrelic.com/graphql', eu: 'https://api.eu.newrelic.com/graphql' }

/** Asks New Relic for counts by pod and period (NRQL by NerdGraph). */
export function createNewRelicSource(
  account: NewRelicAccount & { readonly accountId: number; readonly apiKeyFile: string },
): MetricSource & { close(): Promise<void> } {
  const { timeoutSeconds, concurrency, accountId, apiKeyFile, region } = account
  const api = new JsonApi({
    ...{ name: system, url: account.url ?? endpoints[region as keyof typeof endpoints], timeoutSeconds, concurrency },
    wordsOf: (body) => errorsOf(body),
  })
  const source = periodSource({
    ...{ system, check: checkNewRelicQuery, timingOf: newRelicTiming },
    // One query of each arm tells all its parts.
    partsOf: (metric) => [{ part: 'all', where: newRelicTiming(metric).where }],
    filling: (question, arm) => {
      const fill = filling(question, arm, nrql, system)
      return ({ where }) => fill(where)
    },
    // New Relic gives at most 366 periods.
    ...{ mostPeriods: 366, mostParts: 2 },
    async ask({ parts: arms, periods, metric, grid }, signal) {
      const parts = newRelicParts(metric)
      const fields = arms.map(({ arm }) => `${arm}: nrql(query: $${arm}, timeout: ${timeoutSeconds}) { results }`)
      const query = `query ($account: Int!${arms.map(({ arm }) => `, $${arm}: Nrql!`).join('')}) { actor { account(id: $account) { ${fields.join(' ')} } } }`
      const asked = arms.map(({ arm, filled }) => [arm, nrqlOf(metric, parts, filled, periods)] as const)
      const body = JSON.stringify({ query, variables: { account: accountId, ...Object.fromEntries(asked) } })
      const answer = await api.post(async () => {
        const key = await secretIn(apiKeyFile)
        return { headers: { 'api-key': key }, body, secrets: [key] }
      }, signal)
      // What cannot be asked is told with status 200, beside whatever else could be.
      const errors = errorsOf(answer)
      if (errors !== null) throw api.down(`it says ${errors.slice(0, 200)}`)
      const { podAttribute, by } = newRelicTiming(metric)
      const groups = { hasPods: podAttribute !== undefined, hasOperations: by !== undefined }
      const down = (...why: Parameters<typeof api.down>) => api.down(...why)
      return arms.flatMap(({ arm }) => readNerdGraph(answer, arm, parts, { ...groups, periods, grid, down }))
    },
  })
  return {
    ...source,
    show: (question) => {
      const { metric } = question
      const asked = aroundText(newRelicTiming(metric).where, (where) =>
        nrqlOf(metric, newRelicParts(metric), where, null),
      )
      return shownTexts(question, [['NRQL', asked]], nrql)
    },
    close: () => api.close(),
  }
}

/** What GraphQL says is wrong; null: nothing. */
function errorsOf(body: unknown): string | null {
  const { errors } = (body ?? {}) as { readonly errors?: unknown }
  if (!Array.isArray(errors) || errors.length === 0) return null
  return errors.map((error) => String((error as { message?: unknown } | null)?.message ?? 'an error')).join('; ')
}
