import { rolloutAnnotations } from '../builder/annotations.ts'
import { dashboard } from '../builder/dashboard.ts'
import { heatmap, stat, tablePanel, timeseries } from '../builder/panels.ts'
import { buckets, lines, linesWithExemplars, newest, quantile, rate, rowsOf, series } from '../builder/queries.ts'
import { colours } from '../builder/states.ts'
import { davyVariables } from '../builder/variables.ts'

const requests = 'http_server_request_duration_seconds'
const failed = 'http_response_status_code=~"5.."'

/** Is Davy itself well? */
export const serviceHealth = dashboard({
  uid: 'davy-service-health',
  title: 'Davy / Service health',
  description: 'Is Davy itself well: its API, and the process beneath it?',
  variables: davyVariables,
  annotations: rolloutAnnotations(''),
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Instances',
          description:
            'Davys that answered the last scrape. Fewer than you run: look at the pod or the unit that is missing.',
          unit: 'none',
          width: 6,
          queries: [newest(`count(${series('davy_build_info')})`)],
        }),
        stat({
          title: 'Requests failed by Davy',
          description: 'Share of answers 5xx in this time range. The problems by code below say what failed.',
          unit: 'percentunit',
          width: 6,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 0.01, colour: colours.rollback },
          ],
          queries: [
            newest(
              `(sum(increase(${series(`${requests}_count`, failed)}[$__range])) or vector(0)) / sum(increase(${series(`${requests}_count`)}[$__range]))`,
            ),
          ],
        }),
        stat({
          title: 'Youngest instance',
          description:
            'Time since the last start. Minutes, again and again: it restarts; the log says why before it ends.',
          unit: 's',
          width: 6,
          queries: [newest(`time() - max(${series('process_start_time_seconds')})`)],
        }),
        stat({
          title: 'Heap in use, highest',
          description:
            'Share of the largest heap that Node takes. Above 90% Davy spends its time collecting: give it more memory.',
          unit: 'percentunit',
          width: 6,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 0.9, colour: colours.hold },
          ],
          queries: [newest(`max(${series('nodejs_heap_size_used_bytes')} / ${series('davy_heap_limit_bytes')})`)],
        }),
        tablePanel({
          title: 'What runs',
          description: 'Version and public URL of each instance. Two versions outside an update: the update hangs.',
          unit: 'none',
          width: 18,
          height: 5,
          overrides: [
            { field: 'Time', hidden: true },
            { field: 'Value', hidden: true },
          ],
          queries: [rowsOf(`max by (instance, version, node_version, public_url) (${series('davy_build_info')})`)],
        }),
        stat({
          title: 'Migrations of a newer version',
          description:
            'What a newer Davy added to the storage and an instance did not know when it started. Above 0 long after an update: that instance is older than another was; bring all to one version.',
          unit: 'none',
          width: 6,
          height: 5,
          thresholds: [
            { from: null, colour: 'text' },
            { from: 1, colour: colours.hold },
          ],
          queries: [newest(`max(${series('davy_storage_newer_migrations')})`)],
        }),
      ],
    },
    {
      title: 'Requests',
      panels: [
        timeseries({
          title: 'Requests by route',
          description: 'What is asked of Davy. A gate that asks many times a second should use ?wait=.',
          unit: 'reqps',
          width: 8,
          min: 0,
          queries: [
            lines(
              `sum by (http_request_method, http_route) (${rate(`${requests}_count`)})`,
              '{{http_request_method}} {{http_route}}',
            ),
          ],
        }),
        timeseries({
          title: 'Problems by code',
          description:
            'Answers that are a problem, and telemetry that was refused. OVERLOADED, STORAGE_DOWN: see Davy / Pipeline. INTERNAL: a fault of Davy, its log has the stack.',
          unit: 'cps',
          width: 8,
          min: 0,
          noValue: 'no problem',
          queries: [lines(`sum by (code) (${rate('davy_request_errors_total')}) > 0`, '{{code}}')],
        }),
        timeseries({
          title: 'Duration',
          description:
            'How long answers take; a long poll takes as long as it was told to wait. Dots are traces, where tracing is on: click one for where the time went.',
          unit: 's',
          width: 8,
          min: 0,
          queries: [
            linesWithExemplars(quantile(0.5, requests), 'p50'),
            linesWithExemplars(quantile(0.95, requests), 'p95'),
            linesWithExemplars(quantile(0.99, requests), 'p99'),
          ],
        }),
        timeseries({
          title: 'p99 by route',
          description:
            'Which route is slow. Pages and evidence read ClickHouse: compare with the storage operations of Davy / Pipeline.',
          unit: 's',
          width: 12,
          min: 0,
          queries: [linesWithExemplars(quantile(0.99, requests, 'http_route'), '{{http_route}}')],
        }),
        heatmap(
          {
            title: 'All durations',
            description: 'Two bands instead of one: some requests wait for something, as for a lock of the storage.',
            unit: 's',
            width: 12,
            queries: [buckets(requests)],
          },
          'buckets',
        ),
      ],
    },
    {
      title: 'Process',
      panels: [
        timeseries({
          title: 'CPU',
          description:
            'Cores in use. Judging runs on one core: near 1 with looks overdue, open a second Davy or judge less often.',
          unit: 'none',
          width: 8,
          min: 0,
          queries: [
            lines(rate('process_cpu_user_seconds_total'), '{{instance}} user'),
            lines(rate('process_cpu_system_seconds_total'), '{{instance}} system'),
          ],
        }),
        timeseries({
          title: 'Event loop lag',
          description:
            'How late the process comes to its work. Above 0.2 s probes and gates feel it: look at CPU and garbage collection.',
          unit: 's',
          width: 8,
          min: 0,
          queries: [
            lines(series('nodejs_eventloop_lag_p50_seconds'), '{{instance}} p50'),
            lines(series('nodejs_eventloop_lag_p99_seconds'), '{{instance}} p99'),
          ],
        }),
        timeseries({
          title: 'Garbage collection',
          description: 'Share of time that is spent on it, by kind. Much of major: the heap is nearly full.',
          unit: 'percentunit',
          width: 8,
          min: 0,
          queries: [
            lines(`sum by (instance, kind) (${rate('nodejs_gc_duration_seconds_sum')})`, '{{instance}} {{kind}}'),
          ],
        }),
        timeseries({
          title: 'Memory of the process',
          description:
            'Resident memory against what it may use. Near the limit the kernel ends it; the embedded ClickHouse counts too.',
          unit: 'bytes',
          width: 8,
          min: 0,
          queries: [
            lines(series('process_resident_memory_bytes'), '{{instance}} resident'),
            lines(series('davy_memory_limit_bytes'), '{{instance}} limit'),
          ],
        }),
        timeseries({
          title: 'Heap',
          description:
            'JavaScript heap against its limit, and memory outside it. A steady climb over days is a leak: report it.',
          unit: 'bytes',
          width: 8,
          min: 0,
          queries: [
            lines(series('nodejs_heap_size_used_bytes'), '{{instance}} used'),
            lines(series('davy_heap_limit_bytes'), '{{instance}} limit'),
            lines(series('nodejs_external_memory_bytes'), '{{instance}} outside'),
          ],
        }),
        timeseries({
          title: 'Open files and sockets',
          description:
            'Share of what the process may open. Above 80% raise the limit (LimitNOFILE), or find who does not close connections.',
          unit: 'percentunit',
          width: 8,
          min: 0,
          max: 1,
          queries: [lines(`${series('process_open_fds')} / ${series('process_max_fds')}`, '{{instance}}')],
        }),
      ],
    },
  ],
})
