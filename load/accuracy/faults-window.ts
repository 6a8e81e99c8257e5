import type { TelemetryWindow, WindowGauge, WindowLog, WindowSpan } from '../../src/judges/windows/telemetry-window.ts'
import type { DataFolder } from './data-folder.ts'

/** Which half of a window a case looks at: traces by the parity of their id. */
export type Split = 'trace%2==0' | 'trace%2==1'

const columns = 'trace,span,parent,service,pod,operation,start_us,duration_us'

/** A line of windows.jsonl. */
export type WindowLine = { readonly window: string; readonly from_s: number | null; readonly to_s: number | null }

/** Reads one window; a modality without a file is empty. @throws Error on a file of another shape */
export function readWindow(folder: DataFolder, { window, from_s, to_s }: WindowLine): TelemetryWindow {
  const file = (rest: string) => `windows/${window}.${rest}`
  const spans = file('spans.csv.gz')
  const logs = file('logs.jsonl.gz')
  const metrics = file('metrics.jsonl.gz')
  return {
    coverage: from_s === null || to_s === null ? null : { fromSeconds: from_s, toSeconds: to_s },
    spans: folder.has(spans) ? parseSpans(folder.text(spans), spans) : [],
    logs: folder.has(logs) ? folder.jsonLines<LogLine>(logs).map(toLog) : [],
    cpu: folder.has(metrics) ? folder.jsonLines<MetricLine>(metrics).flatMap(toGauge) : [],
  }
}

type LogLine = {
  readonly trace: number | null
  readonly span: number | null
  readonly service: string
  readonly msg: string
}

function toLog({ trace, span, service, msg }: LogLine): WindowLog {
  return {
    trace: trace === null ? null : String(trace),
    span: span === null ? null : String(span),
    service,
    message: msg,
  }
}

type MetricLine = {
  readonly entity: string
  readonly service: string
  readonly metric: string
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
}

function toGauge({ entity, service, metric, t, v }: MetricLine): WindowGauge[] {
  if (metric !== 'CpuUsageRate(%)') return []
  return [{ pod: entity, service, intervalSeconds: 60, points: t.map((time, at) => [time, v[at] ?? null] as const) }]
}

/** @throws Error when the header or a row differs from trace, span, parent, service, pod, operation, start, duration */
export function parseSpans(text: string, file: string): WindowSpan[] {
  const [header, ...lines] = text.split('\n')
  if (header?.trim() !== columns) throw new Error(`${file}: expected the columns ${columns}, got ${header}`)
  return lines
    .filter((line) => line !== '')
    .map((line, at) => {
      const cells = splitCsv(line.trimEnd())
      const startUs = Number(cells[6])
      const durationUs = Number(cells[7])
      if (cells.length !== 8 || !Number.isFinite(startUs) || !Number.isFinite(durationUs)) {
        throw new Error(`${file}: expected 8 cells ending in start and duration in line ${at + 2}, got ${line}`)
      }
      const [trace, id, parent, service, , operation] = cells as [string, string, string, string, string, string]
      return { trace, id, parent: parent === '' ? null : parent, service, operation, startUs, durationUs }
    })
}

function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const cells = line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)
  return [...cells]
    .slice(0, 8)
    .map(([, cell]) => (cell!.startsWith('"') ? cell!.slice(1, -1).replaceAll('""', '"') : cell!))
}

/** The half of a window: traces of one parity with their messages, a message without a trace by its line; no metrics. */
export function splitWindow(window: TelemetryWindow, split: Split): TelemetryWindow {
  const parity = split === 'trace%2==0' ? 0 : 1
  return {
    coverage: window.coverage,
    spans: window.spans.filter((span) => Number(span.trace) % 2 === parity),
    logs: window.logs.filter((log, line) => (log.trace === null ? line : Number(log.trace)) % 2 === parity),
    cpu: [],
  }
}
