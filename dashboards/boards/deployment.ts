import { sqlAnnotation } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import {
  chosenDeployment,
  chosenVerdictChanges,
  deployments,
  factsOf,
  isChosen,
  looks,
  newestVerdict,
  ofChosen,
} from '../builder/davy-sql.ts'
import { stat, tablePanel, timeseries } from '../builder/panels.ts'
import { table, timeSeries } from '../builder/queries.ts'
import { colours, decisionMappings } from '../builder/states.ts'
import { recordVariables, sqlVariable } from '../builder/variables.ts'
import { armRows } from './deployment-arms.ts'
import { metricsRow } from './deployment-metrics.ts'
import { rawRow } from './deployment-raw.ts'

const dashed = { lineStyle: { fill: 'dash', dash: [6, 6] }, lineWidth: 1 }

const variables = [
  ...recordVariables,
  sqlVariable(
    { name: 'environment', label: 'Environment', all: true },
    `SELECT DISTINCT environment FROM ${deployments} ORDER BY environment`,
  ),
  sqlVariable(
    { name: 'service', label: 'Service', all: true },
    `SELECT DISTINCT service FROM ${deployments} WHERE ${isChosen('environment', 'environment')} ORDER BY service`,
  ),
  sqlVariable(
    { name: 'deployment', label: 'Deployment', sort: 0 },
    `SELECT id, concat(service, ' ', baseline, ' to ', canary, ', ', formatDateTime(started, '%Y-%m-%d %H:%i', 'UTC')) AS label
    FROM ${deployments}
    WHERE ${isChosen('environment', 'environment')} AND ${isChosen('service', 'service')}
    ORDER BY started DESC LIMIT 500`,
  ),
]

const annotations = [
  sqlAnnotation(
    'Start',
    colours.judging,
    `SELECT started AS time, concat('Start of ', canary) AS title, concat(service, ' in ', environment) AS text, strategy AS tags
    FROM ${chosenDeployment}`,
  ),
  sqlAnnotation(
    'Steps',
    colours.none,
    `SELECT parseDateTime64BestEffort(JSONExtractString(body, 'at'), 3, 'UTC') AS time,
      concat('Step ', JSONExtractString(body, 'step')) AS title,
      concat('weight ', JSONExtractRaw(body, 'weight')) AS text, 'step' AS tags
    FROM ${factsOf('progress', ofChosen)}`,
  ),
  ...(['promote', 'hold', 'rollback'] as const).map((decision) =>
    sqlAnnotation(
      { promote: 'Promote', hold: 'Hold', rollback: 'Roll back' }[decision],
      colours[decision],
      `SELECT at AS time, concat('${decision}: ', code) AS title, sentence AS text, code AS tags
      FROM ${chosenVerdictChanges} WHERE decision = '${decision}'`,
    ),
  ),
]

const evidence = `SELECT at AS time, greatest(eValue, 1) AS "harm shown", greatest(promoteEValue, 1) AS "harm ruled out"
  FROM ${looks} WHERE $__timeFilter(at) ORDER BY at`

const thresholds = `SELECT at AS time,
    1 / JSONExtractFloat(verdict, 'confidence', 'falseRollbackRate') AS "rolls back at",
    1 / JSONExtractFloat(verdict, 'confidence', 'falsePromoteRate') AS "promotes at"
  FROM (SELECT verdict, arrayJoin([$__fromTime, $__toTime]) AS at FROM ${newestVerdict}) ORDER BY at`

/** Why did this deployment get this verdict? */
export const deployment = dashboard({
  uid: 'davy-deployment',
  title: 'Davy / Deployment',
  description: 'Why did this deployment get this verdict?',
  variables,
  annotations,
  links: [
    {
      title: 'Report',
      url: `\${report_base}/deployments/\${deployment}`,
      tooltip: "Davy's own report: the sentence, the interval, the proof",
    },
  ],
  from: 'now-3h',
  rows: [
    {
      title: 'Verdict',
      panels: [
        stat({
          title: 'Verdict',
          description:
            'The newest. promote: harm beyond the margins is ruled out. roll back: harm is shown. hold: neither yet; the sentence beside says why.',
          unit: 'string',
          width: 4,
          height: 6,
          mappings: decisionMappings,
          queries: [table(`SELECT decision FROM ${looks} ORDER BY look DESC LIMIT 1`)],
        }),
        tablePanel({
          title: 'Why',
          description:
            'The sentence of the newest verdict and what was compared. The report has the interval, the margin and the proof: follow the link at the top.',
          unit: 'none',
          width: 20,
          height: 6,
          overrides: [
            { field: 'sentence', width: 520 },
            { field: 'decided', unit: 'dateTimeAsIso' },
          ],
          queries: [
            table(`
              SELECT JSONExtractString(verdict, 'reason', 'summary') AS sentence,
                JSONExtractString(verdict, 'reason', 'code') AS code,
                JSONExtractString(verdict, 'service') AS service,
                JSONExtractString(verdict, 'environment') AS environment,
                JSONExtractString(verdict, 'baseline', 'version') AS baseline,
                JSONExtractString(verdict, 'canary', 'version') AS canary,
                JSONExtractString(verdict, 'mode') AS mode,
                look, at AS decided,
                JSONExtractString(verdict, 'template', 'name') AS template
              FROM ${newestVerdict}`),
          ],
        }),
        timeseries(
          {
            title: 'Evidence, both ways',
            description:
              'How strongly the data speak for harm and against it, look by look. A verdict falls where a line reaches its threshold; a line that creeps needs more traffic, not more patience: raise the weight.',
            unit: 'short',
            width: 16,
            min: 1,
            interval: '10s',
            overrides: [
              { field: 'harm shown', colour: colours.rollback },
              { field: 'harm ruled out', colour: colours.promote },
              { field: 'rolls back at', colour: colours.rollback, custom: dashed },
              { field: 'promotes at', colour: colours.promote, custom: dashed },
            ],
            queries: [timeSeries(evidence), timeSeries(thresholds)],
          },
          { scale: 'log' },
        ),
        tablePanel({
          title: 'What was said, and when',
          description:
            'Every change of decision or reason. The same reason coming and going: telemetry or traffic is unsteady, see below.',
          unit: 'none',
          width: 8,
          overrides: [
            { field: 'at', unit: 'dateTimeAsIso', width: 170 },
            { field: 'decision', mappings: decisionMappings, width: 90 },
          ],
          queries: [table(`SELECT at, decision, code, sentence FROM ${chosenVerdictChanges} ORDER BY at DESC`)],
        }),
      ],
    },
    ...armRows,
    metricsRow,
    rawRow,
  ],
})
