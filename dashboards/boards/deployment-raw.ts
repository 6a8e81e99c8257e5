import type { Row } from '../builder/dashboard.ts'
import { chosenDeployment, slices } from '../builder/davy-sql.ts'
import { tablePanel } from '../builder/panels.ts'
import { table } from '../builder/queries.ts'

/** The chosen deployment as a row that others are joined to. */
const one = `(SELECT service, environment, baseline, canary FROM ${chosenDeployment})`

const environmentOf = `multiIf(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'],
    ResourceAttributes['deployment.environment'] != '', ResourceAttributes['deployment.environment'], 'default')`

/** Rows of a table of raw telemetry that belong to the deployment, with the version that sent them. */
const raw = (from: string, columns: string) => `(SELECT ${columns}, ResourceAttributes['service.version'] AS version
    FROM ${from}
    WHERE $__timeFilter(Timestamp) AND ServiceName = (SELECT service FROM ${one}) AND ${environmentOf} = (SELECT environment FROM ${one})
      AND version IN (SELECT arrayJoin([baseline, canary]) FROM ${one}))`

const count = (arm: string) => `countIf(version = (SELECT ${arm} FROM ${one}))`

/** Where it fails, and what it says while it does. Arms are told apart by version here; the judge knows more ways. */
export const rawRow: Row = {
  title: 'Where, and what it says',
  collapsed: true,
  panels: [
    tablePanel({
      title: 'Operations, by what the canary fails more',
      description:
        'Requests and failures by operation over all looks. One operation stands out: look at what changed in it.',
      unit: 'none',
      width: 12,
      overrides: [
        { field: '/failing$/', unit: 'percentunit' },
        { field: 'excess', unit: 'short' },
      ],
      queries: [
        table(`
          SELECT operation,
            sumIf(requests, arm = 'baseline') AS baseline, sumIf(requests, arm = 'canary') AS canary,
            sumIf(errors, arm = 'baseline') / nullIf(baseline, 0) AS "baseline failing",
            sumIf(errors, arm = 'canary') / nullIf(canary, 0) AS "canary failing",
            canary * (coalesce("canary failing", 0) - coalesce("baseline failing", 0)) AS excess
          FROM (
            SELECT arm, splitByChar(char(31), pair.1)[1] AS operation,
              JSONExtractUInt(pair.2, 'requests') AS requests, JSONExtractUInt(pair.2, 'errors') AS errors
            FROM (
              SELECT arm, arrayJoin(JSONExtractKeysAndValuesRaw(slice, arm, 'operations')) AS pair
              FROM ${slices} ARRAY JOIN ['baseline', 'canary'] AS arm))
          GROUP BY operation ORDER BY excess DESC LIMIT 20`),
      ],
    }),
    tablePanel({
      title: 'Error lines, by what is new in the canary',
      description:
        'Log lines from ERROR up in this time range, numbers masked. A line that only the canary writes often names the cause.',
      unit: 'none',
      width: 12,
      noValue: 'no error line in this time range',
      overrides: [{ field: 'line', width: 460 }],
      queries: [
        table(`
          SELECT replaceRegexpAll(substring(Body, 1, 300), '[0-9]+', '<n>') AS line,
            ${count('baseline')} AS baseline, ${count('canary')} AS canary
          FROM ${raw('otel_logs', 'Timestamp, Body, SeverityNumber, SeverityText')}
          WHERE SeverityNumber >= 17 OR upper(SeverityText) IN ('ERROR', 'ERR', 'FATAL', 'CRITICAL')
          GROUP BY line ORDER BY baseline > 0, canary DESC LIMIT 20`),
      ],
    }),
    tablePanel({
      title: 'Failed and slow requests of the canary',
      description: 'Single traces of this time range, failed ones first. Open one by its id where you keep traces.',
      unit: 'none',
      width: 24,
      noValue: 'no request of the canary in this time range',
      overrides: [
        { field: 'time', unit: 'dateTimeAsIso', width: 180 },
        { field: 'duration', unit: 's' },
      ],
      queries: [
        table(`
          SELECT Timestamp AS time, SpanName AS operation, StatusCode AS status, StatusMessage AS message,
            Duration / 1e9 AS duration, TraceId AS trace_id
          FROM ${raw('otel_traces', 'Timestamp, SpanName, SpanKind, StatusCode, StatusMessage, Duration, TraceId')}
          WHERE version = (SELECT canary FROM ${one}) AND SpanKind IN ('Server', 'Consumer')
          ORDER BY StatusCode = 'Error' DESC, Duration DESC LIMIT 50`),
      ],
    }),
  ],
}
