import type { Row } from '../builder/dashboard.ts'
import { newestVerdict, verdicts } from '../builder/davy-sql.ts'
import { statusHistory, tablePanel } from '../builder/panels.ts'
import { table, timeSeries } from '../builder/queries.ts'
import { findingCodes } from '../builder/states.ts'

const words = Object.entries(findingCodes)
const quoted = (list: readonly (string | number)[]) => list.map((item) => JSON.stringify(item).replaceAll('"', "'"))
const codeOf = (finding: string) =>
  `transform(${finding}, [${quoted(words.map(([name]) => name))}], [${words.map(([, { value }]) => value)}], 1)`

const findingMappings = words.map(([value, { text, colour }]) => ({ value, text, colour }))
const metric = (...path: readonly string[]) => `metric, ${path.map((part) => `'${part}'`).join(', ')}`

/** Every metric with its effect, its interval and its margins. */
export const metricsRow: Row = {
  title: 'Metrics',
  panels: [
    tablePanel({
      title: 'Each metric at the newest look',
      description:
        'Ratio is canary by baseline, with its interval. Roll back where the whole interval lies above the margin; harm is ruled out where it lies below the second margin.',
      unit: 'none',
      width: 24,
      decimals: 3,
      noValue: 'no metric yet',
      overrides: [
        { field: 'finding', mappings: findingMappings, width: 130 },
        { field: 'weight', unit: 'percentunit' },
        { field: 'critical', unit: 'bool_yes_no' },
        { field: '/^(harm shown|harm ruled out)$/', unit: 'short' },
      ],
      queries: [
        table(`
          SELECT
            JSONExtractString(${metric('name')}) AS metric_name,
            JSONExtractString(${metric('finding')}) AS finding,
            JSONExtractFloat(${metric('baseline', 'value')}) AS baseline,
            JSONExtractFloat(${metric('canary', 'value')}) AS canary,
            JSONExtract(${metric('effect', 'ratio')}, 'Nullable(Float64)') AS ratio,
            JSONExtractFloat(${metric('effect', 'low')}) AS low,
            JSONExtract(${metric('effect', 'high')}, 'Nullable(Float64)') AS high,
            JSONExtractFloat(${metric('effect', 'margin')}) AS "rolls back beyond",
            JSONExtractFloat(${metric('effect', 'promoteMargin')}) AS "promotes below",
            JSONExtractFloat(${metric('eValue')}) AS "harm shown",
            JSONExtractFloat(${metric('promoteEValue')}) AS "harm ruled out",
            JSONExtractUInt(${metric('baseline', 'samples')}) AS "samples baseline",
            JSONExtractUInt(${metric('canary', 'samples')}) AS "samples canary",
            JSONExtractFloat(${metric('weight')}) AS weight,
            JSONExtractBool(${metric('critical')}) AS critical
          FROM (SELECT arrayJoin(JSONExtractArrayRaw(verdict, 'metrics')) AS metric FROM ${newestVerdict})
          ORDER BY "harm shown" DESC`),
      ],
    }),
    statusHistory({
      title: 'What each metric said, look by look',
      description:
        'Amber everywhere: too little traffic to tell; raise the weight or wait. Grey: no data; look at the telemetry of that metric.',
      unit: 'none',
      width: 24,
      interval: '10s',
      mappings: words.map(([, mapping]) => mapping),
      overrides: [{ field: '/^finding/', displayName: `\${__field.labels.metric_name}` }],
      queries: [
        timeSeries(`
          SELECT $__timeInterval(at) AS time, JSONExtractString(${metric('name')}) AS metric_name,
            argMax(${codeOf(`JSONExtractString(${metric('finding')})`)}, at) AS finding
          FROM (SELECT at, arrayJoin(JSONExtractArrayRaw(verdict, 'metrics')) AS metric FROM ${verdicts} WHERE $__timeFilter(at))
          GROUP BY time, metric_name ORDER BY time, metric_name`),
      ],
    }),
  ],
}
