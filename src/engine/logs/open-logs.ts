import type { MetricSource } from '../../domain/metric-source.ts'
import type { Storage } from '../../domain/storage.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Facts } from '../../storage/facts.ts'
import { LogLinesReader } from '../../storage/log-lines-reader.ts'
import { LogTemplatesReader } from '../../storage/log-templates-reader.ts'
import { LogTemplatesWriter } from '../../storage/log-templates-writer.ts'
import type { RollupReader } from '../../storage/rollup-reader.ts'
import { ExpectedTemplates } from './expected-templates.ts'
import { KnownSkeletons } from './known-skeletons.ts'
import { LogMiner } from './log-miner.ts'
import { LogTemplates } from './log-templates.ts'
import { createLogsSource } from './logs-source.ts'
import { TemplateBooks } from './template-book.ts'

/** The job that counts log lines, the source that judges ask, and what people ask. */
export type Logs = { readonly miner: LogMiner; readonly source: MetricSource; readonly templates: LogTemplates }

/** Everything about logs over one storage. Nothing is read before it is asked for. */
export function openLogs(options: {
  readonly storage: Storage
  readonly facts: Facts
  readonly rollups: RollupReader
  readonly log: Logger
  readonly now: () => number
  readonly newId: () => string
  /** Since when logs have been waiting for storage, Unix milliseconds; null when all are stored. */
  readonly oldestUnstoredAt: () => number | null
  /** Days that log lines are kept. */
  readonly retentionDays: number
  /** 0 to 1, another one for each process, so that they share the counting. */
  readonly offset: number
  /** Told how many lines were counted without their message, when there are any. */
  readonly onUnkept?: (lines: number) => void
}): Logs {
  const { storage, facts, rollups, log, now, oldestUnstoredAt, retentionDays, offset, onUnkept } = options
  const reader = new LogTemplatesReader(storage)
  const [lines, writer] = [new LogLinesReader(storage), new LogTemplatesWriter(storage)]
  const miner = new LogMiner({
    ...{ lines, templates: reader, writer, log, now, oldestUnstoredAt, retentionDays, offset },
    ...(onUnkept === undefined ? {} : { onUnkept }),
  })
  const [books, known] = [new TemplateBooks(reader), new KnownSkeletons(reader, miner)]
  const expected = new ExpectedTemplates(facts, options.newId)
  return {
    miner,
    source: createLogsSource({ reader, miner, books, known, expected, oldestUnstoredAt }),
    templates: new LogTemplates({ reader, rollups, books, known, expected }),
  }
}
