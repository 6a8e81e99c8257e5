import { rolloutAnnotations } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import { type DataLink, stat, stateTimeline, tablePanel, timeseries } from '../builder/panels.ts'
import { chosenUnits, lines, newest, rowsOf, series } from '../builder/queries.ts'
import { colours, stateMappings } from '../builder/states.ts'
import { davyVariables, unitVariables } from '../builder/variables.ts'

const units = chosenUnits
const byDeployment = 'service, environment, deployment_id, version, baseline_version'
const open = `max by (${byDeployment}, strategy) (${series('davy_deployment_info', units)})`
const state = `max by (service, environment) (${series('davy_deployment_state', units)})`
const overdue = series('davy_deployment_look_overdue_seconds', units)
const waiting = series(
  'davy_deployment_reason',
  `${units}, mode="enforce", decision="hold", code=~"DEADLINE|HARM_LIKELY|CHECK_FAILED"`,
)
const enforcedRollbacks = series('davy_rollback_timestamp_seconds', `${units}, mode="enforce"`)
const rolledBack = `max by (${byDeployment}, mode, decided_by) (${series('davy_rollback_timestamp_seconds', units)})`

const report: DataLink = { title: 'Report', url: `\${report_base}/deployments/\${__data.fields.deployment_id}` }
const detail: DataLink = {
  title: 'Why this verdict',
  url: `/d/davy-deployment?var-deployment=\${__data.fields.deployment_id}&\${__url_time_range}`,
}

const hidden = { field: 'Time', hidden: true }

/** What is being deployed, and is any of it bad? */
export const fleet = dashboard({
  uid: 'davy-fleet',
  title: 'Davy / Fleet',
  description: 'What is being deployed, and is any of it bad?',
  variables: [...davyVariables, ...unitVariables],
  annotations: rolloutAnnotations(units),
  links: [{ title: 'Davy', url: `\${report_base}/`, tooltip: "Davy's own page of all deployments" }],
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Roll out now',
          description: 'Deployments that Davy judges at this moment. The table below names them.',
          unit: 'none',
          width: 4,
          queries: [newest(`count(${open}) or vector(0)`)],
        }),
        stat({
          title: 'Wait for a person',
          description:
            'Their deadline passed without a proof, harm is likely, or a check failed. Davy goes on looking, and may never promote: open the report from the table, and decide.',
          unit: 'none',
          width: 4,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.hold },
          ],
          queries: [newest(`count(max by (deployment_id) (${waiting})) or vector(0)`)],
        }),
        stat({
          title: 'Rollbacks, last 24 h',
          description: 'Each is in the table below. Open its report for the reason before the version is tried again.',
          unit: 'none',
          width: 4,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.rollback },
          ],
          queries: [newest(`count(max by (deployment_id) (${enforcedRollbacks})) or vector(0)`)],
        }),
        stat({
          title: 'Longest overdue look',
          description:
            'How long the next look of a deployment has been due. Above a minute its verdict is old and gates wait: see Davy / Pipeline.',
          unit: 's',
          width: 4,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 60, colour: colours.hold },
            { from: 300, colour: colours.rollback },
          ],
          queries: [newest(`max(min by (service, environment, deployment_id) (${overdue})) or vector(0)`)],
        }),
        stat({
          title: 'Kill switch',
          description:
            'While it is on every gate answers wait, whatever the verdicts are. Who set it, and why: GET /api/v1/kill-switch.',
          unit: 'none',
          width: 4,
          mappings: [
            { value: 0, text: 'off', colour: 'text' },
            { value: 1, text: 'on', colour: colours.rollback },
          ],
          queries: [newest(`max(${series('davy_kill_switch')})`)],
        }),
        stat({
          title: 'Storage',
          description:
            'Whether every chosen Davy reaches its ClickHouse. Without it nothing is judged: see Davy / Pipeline.',
          unit: 'none',
          width: 4,
          mappings: [
            { value: 0, text: 'does not answer', colour: colours.rollback },
            { value: 1, text: 'answers', colour: 'text' },
          ],
          queries: [newest(`min(${series('davy_storage_up')})`)],
        }),
      ],
    },
    {
      title: 'Deployments',
      panels: [
        stateTimeline({
          title: 'Each service over time',
          description:
            'The newest deployment of each service and environment. Red stays until the next deployment; amber waits for a person. Annotations name versions.',
          unit: 'none',
          width: 24,
          height: 10,
          mappings: stateMappings,
          queries: [lines(state, '{{service}} · {{environment}}')],
        }),
        tablePanel({
          title: 'Rolling out now',
          description:
            'Open deployments. State is that of the unit. Click an id for the report, or for the dashboard with the numbers behind it.',
          unit: 'none',
          width: 14,
          mappings: stateMappings,
          overrides: [
            hidden,
            { field: 'deployment_id', links: [report, detail], width: 260 },
            { field: 'Value', displayName: 'state', mappings: stateMappings },
          ],
          queries: [rowsOf(`${state} * on (service, environment) group_right () ${open}`)],
        }),
        tablePanel({
          title: 'Why open deployments do not decide yet',
          description:
            'The reason code of the newest verdict. What each code means and what to do stands in its report: click the id.',
          unit: 'none',
          width: 10,
          overrides: [
            hidden,
            { field: 'Value', hidden: true },
            { field: 'deployment_id', links: [report, detail], width: 260 },
          ],
          queries: [
            rowsOf(
              `max by (service, environment, deployment_id, mode, decision, code) (${series('davy_deployment_reason', units)})`,
            ),
          ],
        }),
        tablePanel({
          title: 'Rolled back, last 24 h',
          description:
            'When, and from which version to which. Open the report for the evidence; tell Davy if it was a false alarm, so that its measured rate stays honest.',
          unit: 'none',
          width: 14,
          overrides: [
            hidden,
            { field: 'deployment_id', links: [report, detail], width: 260 },
            { field: 'Value', displayName: 'at', unit: 'dateTimeAsIso' },
          ],
          queries: [rowsOf(`${rolledBack} * 1000`)],
        }),
        timeseries(
          {
            title: 'Verdicts that say something new',
            description:
              'Changes of decision or reason. Many holds of one service in a row mean that its telemetry comes and goes: see Davy / Deployment.',
            unit: 'none',
            width: 10,
            min: 0,
            overrides: [
              { field: 'promote', colour: colours.promote },
              { field: 'hold', colour: colours.hold },
              { field: 'rollback', colour: colours.rollback },
            ],
            queries: [
              lines(
                `sum by (verdict) (increase(${series('davy_verdicts_total', units)}[$__rate_interval]))`,
                '{{verdict}}',
              ),
            ],
          },
          { bars: true, stacked: true },
        ),
      ],
    },
  ],
})
