import { rolloutAnnotations } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import { stat, timeseries } from '../builder/panels.ts'
import { lines, linesWithExemplars, newest, quantile, rate, series } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'
import { davyVariables, labelVariable } from '../builder/variables.ts'

const endpoint = 'endpoint=~"$endpoint"'
const duration = 'davy_webhook_delivery_duration_seconds'
const deliveries = 'davy_webhook_deliveries_total'

/** Is everybody told? */
export const webhooks = dashboard({
  uid: 'davy-webhooks',
  title: 'Davy / Webhooks',
  description: 'Do verdicts reach everybody who is to be told?',
  variables: [
    ...davyVariables,
    labelVariable(
      { name: 'endpoint', label: 'Endpoint', multi: true, all: true },
      'davy_webhook_deliveries_total{job=~"$job", instance=~"$instance"}',
    ),
  ],
  annotations: rolloutAnnotations(''),
  rows: [
    {
      title: 'All endpoints',
      panels: [
        stat({
          title: 'Waiting',
          description: 'Deliveries that wait for their next attempt, of all endpoints.',
          unit: 'none',
          width: 5,
          queries: [newest(`sum(${series('davy_webhook_pending')})`)],
        }),
        stat({
          title: 'Oldest that waits',
          description:
            'Above two minutes somebody does not hear of a verdict: find the endpoint below, and its last error in GET /api/v1/deliveries.',
          unit: 's',
          width: 5,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 120, colour: colours.hold },
          ],
          queries: [newest(`max(${series('davy_webhook_oldest_pending_seconds')})`)],
        }),
        stat({
          title: 'Lost in this time range',
          description:
            'No attempt was left. Repair the endpoint, then send them again: POST /api/v1/deliveries/{id}/replay.',
          unit: 'none',
          width: 5,
          decimals: 0,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.rollback },
          ],
          queries: [
            newest(`sum(increase(${series(deliveries, `${endpoint}, outcome="failed"`)}[$__range])) or vector(0)`),
          ],
        }),
        stat({
          title: 'Delivered in this time range',
          description:
            'Verdicts that an endpoint took. None at all while deployments decide means that no endpoint is set.',
          unit: 'none',
          width: 5,
          decimals: 0,
          queries: [
            newest(`sum(increase(${series(deliveries, `${endpoint}, outcome="delivered"`)}[$__range])) or vector(0)`),
          ],
        }),
        stat({
          title: 'Gone',
          description:
            'Endpoints that answered 410 and are told nothing since. GET /api/v1/endpoints says which: enable or remove them.',
          unit: 'none',
          width: 4,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.hold },
          ],
          queries: [newest(`count(max by (endpoint) (${series('davy_webhook_endpoint_gone')})) or vector(0)`)],
        }),
      ],
    },
    {
      title: 'Endpoint $endpoint',
      repeat: 'endpoint',
      panels: [
        timeseries(
          {
            title: 'Attempts of $endpoint',
            description:
              'By outcome. Retries that turn into deliveries are harmless; retries without end mean that the receiver refuses or does not answer.',
            unit: 'cps',
            width: 8,
            min: 0,
            overrides: [
              { field: 'delivered', colour: colours.none },
              { field: 'retry', colour: colours.hold },
              { field: 'failed', colour: colours.rollback },
            ],
            queries: [lines(`sum by (outcome) (${rate(deliveries, endpoint)})`, '{{outcome}}')],
          },
          { stacked: true, bars: true },
        ),
        timeseries({
          title: 'Share delivered, $endpoint',
          description:
            'Of all attempts. Below 90% for long: ask the owner of the receiver, with the errors of GET /api/v1/deliveries.',
          unit: 'percentunit',
          width: 8,
          min: 0,
          max: 1,
          noValue: 'no attempt',
          queries: [
            lines(
              `sum(${rate(deliveries, `${endpoint}, outcome="delivered"`)}) / (sum(${rate(deliveries, endpoint)}) > 0)`,
              'delivered',
            ),
          ],
        }),
        timeseries({
          title: 'Duration of attempts, $endpoint',
          description:
            'An attempt that takes long holds up the others of the same endpoint. The receiver should answer first and work later.',
          unit: 's',
          width: 8,
          min: 0,
          noValue: 'no attempt',
          queries: [
            linesWithExemplars(quantile(0.5, duration, '', endpoint), 'p50'),
            linesWithExemplars(quantile(0.99, duration, '', endpoint), 'p99'),
          ],
        }),
      ],
    },
  ],
})
