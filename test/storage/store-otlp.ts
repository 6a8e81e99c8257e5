import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '../../src/domain/storage.ts'
import { delimit } from '../../src/engine/ingest/delimited.ts'
import { kindsOf } from '../../src/engine/ingest/insert-plans.ts'
import type { OtlpSignal } from '../../src/engine/ingest/signals.ts'
import { inserts, receivers } from '../../src/receivers/index.ts'

/** Attributes as OTLP/JSON writes them. */
export function keyValues(attributes: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

/** Stores an export request in OTLP/JSON the way that ingest does: receiver, segment file, the receiver's INSERTs. */
export async function storeOtlp(
  storage: Storage,
  directory: string,
  signal: OtlpSignal,
  request: object,
  token: string,
): Promise<void> {
  const limits = { nowMs: Date.now(), ttlMs: 7 * 86_400_000 }
  const received = receivers.otlp[signal]('application/json', Buffer.from(JSON.stringify(request)), limits)
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  if (received.rejected.length > 0) throw new Error(JSON.stringify(received.rejected))
  const file = join(directory, `${token}.seg`)
  writeFileSync(file, delimit(received.body))
  for (const kind of kindsOf(signal, received.kinds)) {
    const { table: _table, ...insert } = inserts[signal][kind]!
    await storage.insertFile({ ...insert, file, token: `${token}:${kind}` })
  }
}
