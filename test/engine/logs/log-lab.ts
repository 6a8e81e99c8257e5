import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage } from '../../../src/domain/storage.ts'
import { LogMiner, type LogMinerOptions } from '../../../src/engine/logs/log-miner.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { singleNode } from '../../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../../src/storage/embedded.ts'
import { Facts } from '../../../src/storage/facts.ts'
import { LogLinesReader } from '../../../src/storage/log-lines-reader.ts'
import { LogTemplatesReader } from '../../../src/storage/log-templates-reader.ts'
import { LogTemplatesWriter } from '../../../src/storage/log-templates-writer.ts'
import { migrate } from '../../../src/storage/migrations.ts'

export type Line = {
  /** Unix milliseconds. */
  readonly at: number
  readonly body: string
  readonly service?: string
  readonly version?: string
  readonly pod?: string
  readonly severity?: number
  readonly traceId?: string
  readonly attributes?: Readonly<Record<string, string>>
}

/** A ClickHouse of its own with log lines in it. */
export async function openLogLab() {
  const directory = mkdtempSync(join(tmpdir(), 'davy-logs-'))
  const storage = EmbeddedStorage.open(join(directory, 'data'))
  const facts = new Facts(storage, 'lab')
  await migrate(storage, facts, singleNode, { rawDays: 7, rollupDays: 30 })
  const logged: Record<string, unknown>[] = []
  const log = createLogger('info', { write: (line: string) => void logged.push(JSON.parse(line)) })
  let inserts = 0
  return {
    storage: storage as Storage,
    facts,
    templates: new LogTemplatesReader(storage),
    logged,
    /** The miner of one process. */
    miner(now: () => number, options: Partial<LogMinerOptions> & { readonly over?: Storage } = {}) {
      const over = options.over ?? storage
      return new LogMiner({
        lines: new LogLinesReader(over),
        templates: new LogTemplatesReader(over),
        writer: new LogTemplatesWriter(over),
        ...{ log, now, oldestUnstoredAt: () => null, retentionDays: 7, offset: 0 },
        ...options,
      })
    },
    store: (lines: readonly Line[]) => storage.insertRows('otel_logs', lines.map(row), `lines/${++inserts}`),
    storeSpans: (spans: readonly Omit<Line, 'body' | 'severity'>[]) =>
      storage.insertRows('otel_traces', spans.map(spanRow), `spans/${++inserts}`),
    query: <Row>(sql: string) => storage.query<Row>(sql),
    async close() {
      await storage.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export type LogLab = Awaited<ReturnType<typeof openLogLab>>

function timestamp(at: number): string {
  return new Date(at).toISOString().slice(0, 23).replace('T', ' ')
}

function resource({ service = 'shop', version, pod }: Partial<Line>) {
  return {
    'service.name': service,
    ...(version === undefined ? {} : { 'service.version': version }),
    ...(pod === undefined ? {} : { 'k8s.pod.name': pod }),
  }
}

function row(line: Line) {
  const { at, body, service = 'shop', severity = 9, traceId = '', attributes = {} } = line
  return {
    ...{ Timestamp: timestamp(at), Body: body, ServiceName: service, SeverityNumber: severity, TraceId: traceId },
    ...{ ResourceAttributes: resource(line), LogAttributes: attributes },
  }
}

function spanRow(span: Omit<Line, 'body' | 'severity'>) {
  const { at, service = 'shop', traceId = '' } = span
  return {
    ...{ Timestamp: timestamp(at), TraceId: traceId, SpanId: traceId.slice(0, 16), ServiceName: service },
    ...{
      SpanName: 'GET /',
      SpanKind: 'Server',
      Duration: 1_000_000,
      StatusCode: 'Unset',
      ResourceAttributes: resource(span),
    },
  }
}
