import { rolloutAnnotations } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import { heatmap, stat, tablePanel, timeseries } from '../builder/panels.ts'
import { buckets, lines, linesWithExemplars, newest, quantile, rate, series, table } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'
import { clickhouseVariable, davyVariables } from '../builder/variables.ts'

const sumOf = (metric: string) => `sum by (instance) (${series(metric)})`
const backlog = `(${sumOf('davy_ingest_backlog_bytes')} + ${sumOf('davy_ingest_quarantine_bytes')}) / ${sumOf('davy_ingest_backlog_limit_bytes')}`
const inFlight = `${series('davy_ingest_in_flight_bytes')} / ${series('davy_ingest_in_flight_limit_bytes')}`
const operations = 'davy_storage_operation_duration_seconds'

/** Does telemetry come through? */
export const pipeline = dashboard({
  uid: 'davy-pipeline',
  title: 'Davy / Pipeline',
  description: 'Does telemetry come through: taken in, stored, judged?',
  variables: [...davyVariables, clickhouseVariable],
  annotations: rolloutAnnotations(''),
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Backlog, highest',
          description:
            'Share of what may wait to be stored, quarantine included. At 100% senders get 429 and try again later: look at the storage below.',
          unit: 'percentunit',
          width: 6,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 0.8, colour: colours.hold },
            { from: 0.95, colour: colours.rollback },
          ],
          queries: [newest(`max(${backlog})`)],
        }),
        stat({
          title: 'Oldest not stored',
          description:
            'Verdicts are only as new as this. Judging waits for it; a minute or more means that the storage does not keep up.',
          unit: 's',
          width: 6,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 60, colour: colours.hold },
          ],
          queries: [newest(`max(${series('davy_ingest_oldest_segment_age_seconds')})`)],
        }),
        stat({
          title: 'In quarantine',
          description:
            'Bodies that the storage refused. Look at them with GET /api/v1/quarantine, put them back once the cause is gone.',
          unit: 'none',
          width: 6,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.hold },
          ],
          queries: [newest(`sum(${series('davy_ingest_quarantine_bodies')})`)],
        }),
        stat({
          title: 'Looks that failed, in this time range',
          description: 'They are tried again, later and later. More than a few: the log names deployment and cause.',
          unit: 'none',
          width: 6,
          decimals: 0,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.hold },
          ],
          queries: [newest(`sum(increase(${series('davy_look_failures_total')}[$__range]))`)],
        }),
      ],
    },
    {
      title: 'Taken in',
      panels: [
        timeseries({
          title: 'Requests with telemetry',
          description:
            'By signal, protocol and outcome. An outcome other than accepted is the code of a problem: see Davy / Service health.',
          unit: 'reqps',
          width: 8,
          min: 0,
          queries: [
            lines(
              `sum by (signal, protocol, outcome) (${rate('davy_ingest_requests_total')})`,
              '{{signal}} {{protocol}} {{outcome}}',
            ),
          ],
        }),
        timeseries({
          title: 'Items taken in',
          description:
            'Spans, metric points and log records a second. A sudden zero: senders stopped, or cannot reach Davy.',
          unit: 'cps',
          width: 8,
          min: 0,
          queries: [lines(`sum by (signal) (${rate('davy_ingest_items_total', 'outcome="accepted"')})`, '{{signal}}')],
        }),
        timeseries({
          title: 'Items refused, by reason',
          description:
            'Too old or too far ahead: the clock of the sender. Others: the sender breaks the format; its own log has the answer.',
          unit: 'cps',
          width: 8,
          min: 0,
          noValue: 'none refused',
          queries: [
            lines(`sum by (signal, reason) (${rate('davy_ingest_rejected_items_total')})`, '{{signal}} {{reason}}'),
          ],
        }),
        timeseries({
          title: 'Spans and points that make no sense',
          description:
            'Spans that ended before they started are stored with 0 s; points that are NaN or infinite are kept and not judged. Repair the sender.',
          unit: 'cps',
          width: 8,
          min: 0,
          queries: [
            lines(`sum(${rate('davy_ingest_negative_durations_total')})`, 'negative duration'),
            lines(`sum(${rate('davy_ingest_non_finite_points_total')})`, 'not a number'),
          ],
        }),
        timeseries({
          title: 'Room left for bodies',
          description:
            'In memory and on disk, as shares of their limits. Rising backlog: the storage is slow. Rising memory: senders are many or slow.',
          unit: 'percentunit',
          width: 8,
          min: 0,
          max: 1,
          queries: [lines(backlog, '{{instance}} backlog'), lines(inFlight, '{{instance}} in memory')],
        }),
        timeseries({
          title: 'Quarantine',
          description: 'Bytes that wait there, by signal. They count as backlog: empty it before senders are refused.',
          unit: 'bytes',
          width: 8,
          min: 0,
          queries: [lines(`sum by (signal) (${series('davy_ingest_quarantine_bytes')})`, '{{signal}}')],
        }),
        timeseries(
          {
            title: 'Into quarantine and out again',
            description: 'Bodies that the storage refused, and what became of those that were put back.',
            unit: 'cps',
            width: 8,
            min: 0,
            queries: [
              lines(`sum by (signal) (${rate('davy_ingest_quarantined_bodies_total')})`, '{{signal}} refused'),
              lines(
                `sum by (signal, outcome) (${rate('davy_ingest_quarantine_retries_total')})`,
                '{{signal}} {{outcome}}',
              ),
            ],
          },
          { bars: true },
        ),
        timeseries({
          title: 'From accepted to stored',
          description:
            'Judges see only what is stored and older than the watermark (20 s by default). p99 near that: late telemetry is missed.',
          unit: 's',
          width: 8,
          min: 0,
          queries: [
            linesWithExemplars(quantile(0.5, 'davy_ingest_lag_seconds'), 'p50'),
            linesWithExemplars(quantile(0.99, 'davy_ingest_lag_seconds'), 'p99'),
          ],
        }),
        heatmap(
          {
            title: 'From accepted to stored, all',
            description: 'A second band far up: some segments were tried again.',
            unit: 's',
            width: 8,
            queries: [buckets('davy_ingest_lag_seconds')],
          },
          'buckets',
        ),
      ],
    },
    {
      title: 'Stored',
      panels: [
        timeseries({
          title: 'Storage operations',
          description: 'What Davy asks of ClickHouse, by operation.',
          unit: 'ops',
          width: 8,
          min: 0,
          queries: [lines(`sum by (operation) (${rate(`${operations}_count`)})`, '{{operation}}')],
        }),
        timeseries({
          title: 'p99 of storage operations',
          description:
            'insert-file above a second: the disk or too many parts. query above it: too little memory, or too long a retention.',
          unit: 's',
          width: 8,
          min: 0,
          queries: [linesWithExemplars(quantile(0.99, operations, 'operation'), '{{operation}}')],
        }),
        timeseries({
          title: 'Storage operations that failed',
          description:
            'Share of all, by operation. Segments are tried again and nothing is lost; the log has the error of ClickHouse.',
          unit: 'percentunit',
          width: 8,
          min: 0,
          max: 1,
          queries: [
            lines(
              `(sum by (operation) (${rate(`${operations}_count`, 'outcome="error"')}) or 0 * sum by (operation) (${rate(`${operations}_count`)})) / sum by (operation) (${rate(`${operations}_count`)})`,
              '{{operation}}',
            ),
          ],
        }),
      ],
    },
    {
      title: 'Sources that are asked',
      collapsed: true,
      panels: [
        timeseries({
          title: 'Questions to sources',
          description:
            'Prometheus, SQL and the others that templates name, by outcome. Failed ones leave their metric undecided: its page says why.',
          unit: 'ops',
          width: 12,
          min: 0,
          queries: [
            lines(`sum by (source, outcome) (${rate('davy_source_questions_total')})`, '{{source}} {{outcome}}'),
          ],
        }),
        timeseries({
          title: 'p99 of questions to sources',
          description:
            'A question has 10 seconds. Near that, the queries of the templates are too dear for their source.',
          unit: 's',
          width: 12,
          min: 0,
          queries: [
            linesWithExemplars(quantile(0.99, 'davy_source_question_duration_seconds', 'source'), '{{source}}'),
          ],
        }),
      ],
    },
    {
      title: 'Judged',
      panels: [
        timeseries({
          title: 'Looks',
          description:
            'Evaluations of deployments a second. Zero while deployments are open: looks are overdue, see Davy / Fleet.',
          unit: 'ops',
          width: 6,
          min: 0,
          queries: [
            lines(`sum(${rate('davy_look_duration_seconds_count')})`, 'looks'),
            lines(`sum(${rate('davy_look_failures_total')})`, 'failed'),
          ],
        }),
        timeseries({
          title: 'Duration of one look',
          description:
            'Above a second with many deployments open, looks queue up: judge less often (lookSeconds) or run more Davys.',
          unit: 's',
          width: 6,
          min: 0,
          queries: [
            linesWithExemplars(quantile(0.5, 'davy_look_duration_seconds'), 'p50'),
            linesWithExemplars(quantile(0.99, 'davy_look_duration_seconds'), 'p99'),
          ],
        }),
        timeseries({
          title: 'From due to decided',
          description:
            'How late verdicts are. Above 30 s they miss their objective: see Davy / Objectives, then storage and CPU.',
          unit: 's',
          width: 6,
          min: 0,
          noValue: 'no look',
          queries: [
            linesWithExemplars(quantile(0.5, 'davy_look_lag_seconds'), 'p50'),
            linesWithExemplars(quantile(0.99, 'davy_look_lag_seconds'), 'p99'),
          ],
        }),
        timeseries({
          title: 'Log lines counted without their message',
          description:
            'Lines of services that log too many different ones: new ones among them are not noticed. The log of Davy names the service once an hour.',
          unit: 'cps',
          width: 6,
          min: 0,
          queries: [lines(`sum(${rate('davy_log_lines_unkept_total')})`, 'lines')],
        }),
      ],
    },
    {
      title: 'Inside ClickHouse (not with the embedded one)',
      collapsed: true,
      panels: [
        tablePanel({
          title: 'Tables',
          description:
            'Rows, size on disk and parts. More than 300 parts in one partition: inserts are too small or merges do not keep up.',
          unit: 'none',
          width: 14,
          overrides: [
            { field: 'rows', unit: 'short' },
            { field: 'size', unit: 'bytes' },
          ],
          queries: [
            table(`
              SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS size, count() AS parts, max(parts_of_partition) AS "most in a partition"
              FROM (SELECT *, count() OVER (PARTITION BY table, partition_id) AS parts_of_partition
                FROM system.parts WHERE active AND database = currentDatabase())
              GROUP BY table ORDER BY size DESC`),
          ],
        }),
        tablePanel({
          title: 'Errors of ClickHouse',
          description:
            'Since its start, the newest first. What came often and lately is worth its own search in the log of ClickHouse.',
          unit: 'none',
          width: 10,
          noValue: 'no error',
          overrides: [{ field: 'last', unit: 'dateTimeAsIso' }],
          queries: [
            table(`
              SELECT name, value AS times, last_error_time AS last, substring(last_error_message, 1, 200) AS message
              FROM system.errors ORDER BY last_error_time DESC LIMIT 50`),
          ],
        }),
      ],
    },
  ],
})
