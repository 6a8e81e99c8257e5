import { Type } from 'typebox'
import { leftBy } from '../../left-by.ts'
import type { App, Services } from '../../services.ts'
import { gate, objectBody, tags } from './kayenta-schemas.ts'

/** 50 metrics of a day by minutes are 3 MB. */
const judgeBodyLimit = 8 * 2 ** 20

const number = Type.String({ pattern: '^-?[0-9]{1,6}(\\.[0-9]{1,9})?$' })
const storedQuery = Type.Object({
  canaryConfigId: Type.String(),
  metricSetPairListId: Type.String(),
  passThreshold: number,
  marginalThreshold: number,
})

/** Judges: which there are, and judging at once what is stored or what comes with the request. */
export function judgeRoutes(app: App, { kayenta, stopping }: Services): void {
  const config = gate

  app.get('/judges', { config, schema: { tags } }, () => kayenta.judges.map((name) => ({ name, visible: true })))

  app.post('/judges/judge', { config, schema: { tags, querystring: storedQuery } }, ({ query }, reply) => {
    const thresholds = { pass: Number(query.passThreshold), marginal: Number(query.marginalThreshold) }
    const signal = AbortSignal.any([stopping, leftBy(reply)])
    return kayenta.judgeStored(query.canaryConfigId, query.metricSetPairListId, thresholds, signal)
  })

  app.post(
    '/judge',
    { config, bodyLimit: judgeBodyLimit, schema: { tags, body: objectBody } },
    async ({ body }, reply) => {
      const result = await kayenta.judging.judge(body, AbortSignal.any([stopping, leftBy(reply)]))
      // Only what Kayenta's own class has: its client may be strict about what it does not know.
      const { warnings: _warnings, results, ...plain } = result
      return { ...plain, results: results.map(({ test: _test, ...each }) => each) }
    },
  )
}
