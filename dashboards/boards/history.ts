import { sqlAnnotation } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import { deployments, endings, factsOf, isChosen, verdictChanges } from '../builder/davy-sql.ts'
import { barGauge, heatmap, stat, tablePanel, timeseries } from '../builder/panels.ts'
import { table, timeSeries } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'
import { recordVariables, sqlVariable } from '../builder/variables.ts'

const areChosen = `${isChosen('environment', 'environment')} AND ${isChosen('service', 'service')}`

/** Deployments of the chosen services that started in the time range. */
const begun = `(SELECT * FROM ${deployments} WHERE $__timeFilter(started) AND ${areChosen})`

const changes = verdictChanges(`Subject IN (SELECT id FROM ${begun})`)

/** When each of them had its first verdict that was no hold, and what the newest such verdict is. */
const decided = `(SELECT id, min(at) AS decided, argMax(said, at) AS last, argMax(mode, at) AS mode
  FROM (SELECT id, at, decision AS said, mode FROM ${changes}) WHERE said != 'hold' GROUP BY id)`

/** The newest reason of each of them. */
const reasons = `(SELECT id, argMax(code, at) AS code, argMax(decision, at) AS decision FROM ${changes} GROUP BY id)`

const marked = `(SELECT subject AS id, groupUniqArray(JSONExtractString(body, 'verdictWas')) AS was FROM ${factsOf('feedback')} GROUP BY subject)`
const overridden = `(SELECT DISTINCT subject AS id FROM ${factsOf('override')})`

const share = (condition: string, among: string) => `countIf(${condition}) / nullIf(countIf(${among}), 0)`

/** How do deployments of these services go? */
export const history = dashboard({
  uid: 'davy-history',
  title: 'Davy / History',
  description: 'How do deployments of these services go?',
  from: 'now-90d',
  variables: [
    ...recordVariables,
    sqlVariable(
      { name: 'environment', label: 'Environment', all: true },
      `SELECT DISTINCT environment FROM ${deployments} ORDER BY environment`,
    ),
    sqlVariable(
      { name: 'service', label: 'Service', all: true },
      `SELECT DISTINCT service FROM ${deployments} WHERE ${isChosen('environment', 'environment')} ORDER BY service`,
    ),
  ],
  annotations: [
    sqlAnnotation(
      'Rolled back',
      colours.rollback,
      `SELECT at AS time, concat('Roll back ', service) AS title, sentence AS text, code AS tags
      FROM ${verdictChanges('At >= $__fromTime - INTERVAL 1 DAY')} WHERE decision = 'rollback' AND $__timeFilter(at) AND ${areChosen}`,
    ),
  ],
  rows: [
    {
      title: 'In this time range',
      panels: [
        stat({
          title: 'Deployments',
          description: 'That started in this time range, of the chosen services.',
          unit: 'none',
          width: 4,
          queries: [table(`SELECT count() AS deployments FROM ${begun}`)],
        }),
        stat({
          title: 'Rolled back',
          description:
            'Of enforced ones with a verdict of promote or rollback: the change failure rate. It rises: look at which reasons come most, below.',
          unit: 'percentunit',
          width: 5,
          noValue: 'none decided',
          queries: [
            table(`
              SELECT ${share("last = 'rollback' AND mode = 'enforce'", "mode = 'enforce'")} AS "rolled back" FROM ${decided}`),
          ],
        }),
        stat({
          title: 'Median time to a decision',
          description:
            'From start to the first promote or rollback. Long: too little traffic at the first steps; GET /api/v1/plan says what would help.',
          unit: 's',
          width: 5,
          noValue: 'none decided',
          queries: [
            table(`
              SELECT median((toUnixTimestamp64Milli(toDateTime64(decided, 3)) - toUnixTimestamp64Milli(started)) / 1000) AS seconds
              FROM ${begun} AS begun INNER JOIN ${decided} AS decided USING (id) HAVING count() > 0`),
          ],
        }),
        stat({
          title: 'Overridden by a person',
          description:
            'Share of deployments where somebody knew better. Often: the margins do not say what you want; change the template.',
          unit: 'percentunit',
          width: 5,
          noValue: 'none',
          queries: [table(`SELECT ${share(`id IN ${overridden}`, 'true')} AS overridden FROM ${begun}`)],
        }),
        stat({
          title: 'Rollbacks marked as false alarms',
          description:
            'Share of the rollbacks that people marked at all. Mark them in the report, "Was this right?": unmarked ones teach nobody.',
          unit: 'percentunit',
          width: 5,
          noValue: 'none marked',
          queries: [
            table(`
              SELECT ${share("has(was, 'false-alarm')", 'true')} AS "false alarms"
              FROM ${begun} AS begun INNER JOIN ${endings} AS ending USING (id) INNER JOIN ${marked} AS marked USING (id)
              WHERE outcome = 'rolled-back'`),
          ],
        }),
      ],
    },
    {
      title: 'Over time',
      panels: [
        timeseries(
          {
            title: 'How deployments ended, by week',
            description: 'Many expired or superseded ones: controllers open deployments and never finish them.',
            unit: 'none',
            width: 12,
            min: 0,
            overrides: [
              { field: 'promoted', colour: colours.promote },
              { field: 'rolled back', colour: colours.rollback },
              { field: 'aborted', colour: colours.hold },
              { field: 'other', colour: colours.none },
            ],
            queries: [
              timeSeries(`
                SELECT toDateTime(toStartOfWeek(started, 1)) AS time,
                  countIf(outcome = 'promoted') AS promoted,
                  countIf(outcome = 'rolled-back') AS "rolled back",
                  countIf(outcome = 'aborted') AS aborted,
                  countIf(outcome IN ('expired', 'superseded')) AS other
                FROM ${begun} AS begun INNER JOIN ${endings} AS ending USING (id)
                GROUP BY time ORDER BY time`),
            ],
          },
          { bars: true, stacked: true },
        ),
        heatmap(
          {
            title: 'Time to a decision',
            description:
              'From start to the first promote or rollback. A band that moves up: traffic fell, or margins became tighter.',
            unit: 's',
            width: 12,
            noValue: 'none decided',
            queries: [
              timeSeries(`
                SELECT started AS time, (toUnixTimestamp64Milli(toDateTime64(decided, 3)) - toUnixTimestamp64Milli(started)) / 1000 AS seconds
                FROM ${begun} AS begun INNER JOIN ${decided} AS decided USING (id) ORDER BY time`),
            ],
          },
          'values',
        ),
        barGauge({
          title: 'Reasons of the last verdicts',
          description:
            'UNDERPOWERED, NO_CANARY_DATA, TELEMETRY_LOSS often: more traffic or better telemetry helps more than patience.',
          unit: 'none',
          width: 8,
          min: 0,
          queries: [
            table(`
              SELECT code, count() AS deployments FROM ${begun} AS begun INNER JOIN ${reasons} AS reason USING (id)
              GROUP BY code ORDER BY deployments DESC`),
          ],
        }),
        tablePanel({
          title: 'All deployments',
          description: 'The newest first. Click an id for its report, or for the dashboard with the numbers behind it.',
          unit: 'none',
          width: 16,
          overrides: [
            { field: 'started', unit: 'dateTimeAsIso', width: 170 },
            { field: 'to decision', unit: 's' },
            {
              field: 'deployment_id',
              width: 260,
              links: [
                { title: 'Report', url: `\${report_base}/deployments/\${__data.fields.deployment_id}` },
                {
                  title: 'Why this verdict',
                  url: `/d/davy-deployment?var-deployment=\${__data.fields.deployment_id}&\${__url_time_range}`,
                },
              ],
            },
          ],
          queries: [
            table(`
              SELECT started, service, environment, baseline, canary, if(outcome = '', 'open', outcome) AS outcome, code,
                if(decision = 'hold', NULL, (toUnixTimestamp64Milli(toDateTime64(decided, 3)) - toUnixTimestamp64Milli(started)) / 1000) AS "to decision",
                id AS deployment_id
              FROM ${begun} AS begun
              LEFT JOIN ${endings} AS ending USING (id)
              LEFT JOIN ${reasons} AS reason USING (id)
              LEFT JOIN ${decided} AS decided USING (id)
              ORDER BY started DESC LIMIT 500`),
          ],
        }),
      ],
    },
  ],
})
