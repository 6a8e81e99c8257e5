import type { MetricSource } from '../../domain/metric-source.ts'
import type { DatadogAccount } from '../../platform/config-services.ts'
import { aroundText, filling, shownTexts } from '../arm-text.ts'
import { secretIn } from '../credentials.ts'
import { JsonApi } from '../json-api.ts'
import { periodSource } from '../period-source.ts'
import { checkDatadogQuery, datadogParts, datadogTiming } from './datadog-query.ts'
import { readTimeseries } from './read-timeseries.ts'
import { tagFilter } from './tag-language.ts'

const system = 'Datadog'

/** Asks Datadog for counts by pod and period (POST /api/v2/query/timeseries). */
export function createDatadogSource(
  account: DatadogAccount & { readonly apiKeyFile: string; readonly applicationKeyFile: string },
): MetricSource & { close(): Promise<void> } {
  const { timeoutSeconds, concurrency } = account
  const url = `${(account.url ?? `https://api.${account.site}`).replace(/\/+$/, '')}/api/v2/query/timeseries`
  const api = new JsonApi({ name: system, url, timeoutSeconds, concurrency, wordsOf })

  const source = periodSource({
    ...{ system, check: checkDatadogQuery, timingOf: datadogTiming, partsOf: datadogParts },
    filling: (question, arm) => {
      const fill = filling(question, arm, tagFilter, system)
      return ({ selector, whole }) => {
        const filled = fill(selector)
        return filled === null ? null : whole(filled)
      }
    },
    // Datadog says of neither how much it takes; a graph there has some hundred points.
    ...{ mostPeriods: 500, mostParts: 20 },
    async ask({ parts, periods, grid, metric }, signal) {
      const queries = parts.map(({ filled }, index) => ({ data_source: 'metrics', name: `q${index}`, query: filled }))
      // The answer names its series by the place in this list.
      const formulas = queries.map(({ name }) => ({ formula: name }))
      const attributes = { ...periods, interval: grid.periodMs, queries, formulas }
      const body = JSON.stringify({ data: { type: 'timeseries_request', attributes } })
      const answer = await api.post(async () => {
        const [key, applicationKey] = [await secretIn(account.apiKeyFile), await secretIn(account.applicationKeyFile)]
        const headers = { 'dd-api-key': key, 'dd-application-key': applicationKey }
        return { headers, body, secrets: [key, applicationKey] }
      }, signal)
      return readTimeseries(answer, parts, { periods, grid, metric, down: (...why) => api.down(...why) })
    },
  })
  return {
    ...source,
    show: (question) =>
      shownTexts(
        question,
        datadogParts(question.metric).map(({ part, selector, whole }) => [part, aroundText(selector, whole)] as const),
        tagFilter,
      ),
    close: () => api.close(),
  }
}

/** Datadog says `{"errors": ["…"]}`. */
function wordsOf(body: unknown): string | null {
  const { errors } = (body ?? {}) as { readonly errors?: unknown }
  const words = Array.isArray(errors) ? errors.filter((each) => typeof each === 'string') : []
  return words.length === 0 ? null : words.join('; ')
}
