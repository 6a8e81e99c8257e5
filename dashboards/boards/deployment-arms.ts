import { histogramScale } from '../../src/domain/evidence.ts'
import type { Row } from '../builder/dashboard.ts'
import { looks, slices } from '../builder/davy-sql.ts'
import { type Override, timeseries } from '../builder/panels.ts'
import { timeSeries } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'

/** What looks saw of one arm, summed over the panel's resolution. */
const sum = (arm: string, field: string) => `sum(JSONExtractUInt(slice, '${arm}', '${field}'))`

const overTime = (columns: string) => `
  SELECT $__timeInterval(at) AS time, ${columns}
  FROM ${slices} WHERE $__timeFilter(at) GROUP BY time ORDER BY time`

const failing = (arm: string) => `${sum(arm, 'errors')} / nullIf(${sum(arm, 'requests')}, 0)`

/** Durations of both arms: from buckets 2^(1/32) wide, each at its middle, so exact to about 1%. */
const durations = (columns: string) => `
  SELECT $__timeInterval(at) AS time, ${columns}
  FROM (
    SELECT at, arm, exp2((bucket.1 + 0.5) / ${2 ** histogramScale}) / 1e9 AS duration, bucket.2 AS n
    FROM (
      SELECT at, arm, arrayJoin(JSONExtract(slice, arm, 'latency', 'Array(Tuple(Int32, UInt64))')) AS bucket
      FROM ${slices} ARRAY JOIN ['baseline', 'canary'] AS arm
      WHERE $__timeFilter(at)))
  GROUP BY time ORDER BY time`

const at = (share: number, arm: string) => `quantileExactWeightedIf(${share})(duration, n, arm = '${arm}')`

const arms: readonly Override[] = [
  { field: '/^baseline/', colour: colours.baseline },
  { field: '/^canary/', colour: colours.canary },
]

/** The two arms over each other, and what lies between them; all as the judge saw it. */
export const armRows: readonly Row[] = [
  {
    title: 'Canary against baseline, as the judge saw them',
    panels: [
      timeseries({
        title: 'Requests',
        description:
          'SERVER and CONSUMER spans. No canary line: no traffic reaches it, or its telemetry does not arrive.',
        unit: 'reqps',
        width: 8,
        min: 0,
        interval: '10s',
        overrides: arms,
        queries: [
          timeSeries(
            overTime(
              `${sum('baseline', 'requests')} / sum(seconds) AS baseline, ${sum('canary', 'requests')} / sum(seconds) AS canary`,
            ),
          ),
        ],
      }),
      timeseries({
        title: 'Failed requests',
        description: 'Share of spans with status ERROR. Both rise together: not the release; look for what they share.',
        unit: 'percentunit',
        width: 8,
        min: 0,
        interval: '10s',
        overrides: arms,
        queries: [timeSeries(overTime(`${failing('baseline')} AS baseline, ${failing('canary')} AS canary`))],
      }),
      timeseries({
        title: 'Duration',
        description:
          'p50 and p99. Only p99 apart: a few requests wait; Latency in the report says from which quantile on.',
        unit: 's',
        width: 8,
        min: 0,
        interval: '10s',
        overrides: [...arms, { field: '/p50$/', custom: { lineStyle: { fill: 'dash', dash: [4, 4] }, lineWidth: 1 } }],
        queries: [
          timeSeries(
            durations(
              ['baseline', 'canary']
                .flatMap((arm) => [`${at(0.5, arm)} AS "${arm} p50"`, `${at(0.99, arm)} AS "${arm} p99"`])
                .join(', '),
            ),
          ),
        ],
      }),
      timeseries({
        title: 'Failed requests, canary less baseline',
        description: 'Above the zero line the canary fails more. A gap that stays counts; single peaks do not.',
        unit: 'percentunit',
        width: 12,
        interval: '10s',
        overrides: [{ field: 'difference', colour: colours.canary }],
        queries: [timeSeries(overTime(`${failing('canary')} - ${failing('baseline')} AS difference, 0 AS zero`))],
      }),
      timeseries(
        {
          title: 'p99 duration, canary divided by baseline',
          description: 'Above 1 the canary is slower. Compare with the margin of the metric in the table below.',
          unit: 'none',
          width: 12,
          interval: '10s',
          overrides: [{ field: 'ratio', colour: colours.canary }],
          queries: [
            timeSeries(durations(`${at(0.99, 'canary')} / nullIf(${at(0.99, 'baseline')}, 0) AS ratio, 1 AS same`)),
          ],
        },
        { scale: 'log' },
      ),
    ],
  },
  {
    title: 'Is the comparison fair?',
    panels: [
      timeseries({
        title: 'Share of requests that reach the canary',
        description:
          'Against the share that was announced. Far apart: the split is broken and the comparison cannot be trusted; look at the router.',
        unit: 'percentunit',
        width: 8,
        min: 0,
        max: 1,
        interval: '10s',
        overrides: [
          { field: 'announced', colour: colours.none },
          { field: 'canary', colour: colours.canary },
        ],
        queries: [
          timeSeries(
            overTime(`${sum('canary', 'requests')} / nullIf(${sum('canary', 'requests')} + ${sum('baseline', 'requests')}, 0) AS canary,
              avgIf(JSONExtractFloat(slice, 'plannedWeight'), JSONHas(slice, 'plannedWeight')) AS announced`),
          ),
        ],
      }),
      timeseries({
        title: 'Pods that report',
        description:
          'Few pods: node and version cannot be told apart. A pod that falls silent takes its failures with it.',
        unit: 'none',
        width: 8,
        min: 0,
        interval: '10s',
        overrides: arms,
        queries: [
          timeSeries(
            overTime(
              ['baseline', 'canary']
                .map((arm) => `uniqExactArray(JSONExtractKeys(slice, '${arm}', 'pods')) AS ${arm}`)
                .join(', '),
            ),
          ),
        ],
      }),
      timeseries({
        title: 'How old the newest data are',
        description:
          'Between a look and the end of what it saw. It grows: telemetry is late or the storage is behind, see Davy / Pipeline.',
        unit: 's',
        width: 8,
        min: 0,
        interval: '10s',
        overrides: [{ field: 'age', colour: colours.none }],
        queries: [
          timeSeries(`
            SELECT $__timeInterval(at) AS time, max(toUnixTimestamp64Milli(at) - toUnixTimestamp64Milli(watermark)) / 1000 AS age
            FROM ${looks} WHERE look > 0 AND $__timeFilter(at) GROUP BY time ORDER BY time`),
        ],
      }),
    ],
  },
]
