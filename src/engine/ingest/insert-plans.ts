import type { FileInsert, Storage } from '../../domain/storage.ts'
import { inserts, receivers, remoteWrite } from '../../receivers/index.ts'
import { anyTime } from '../../receivers/otlp/time-window.ts'
import type { InsertPlans } from './segment-store.ts'
import type { OtlpSignal, Signal } from './signals.ts'

type Inserts = Readonly<Record<string, Omit<FileInsert, 'file' | 'token'> & { readonly table: string }>>

/** How the segments of each signal get into the storage: by the receivers' statements. */
export function insertPlans(storage: Storage): Readonly<Record<Signal, InsertPlans>> {
  return {
    traces: otlpPlans(storage, 'traces'),
    logs: otlpPlans(storage, 'logs'),
    metrics: otlpPlans(storage, 'metrics'),
    'remote-write': plansOf(storage, remoteWrite.inserts, remoteWrite.kindsOf),
  }
}

/** What has to be inserted for a body: metrics by their kinds, everything else as it is. */
export function kindsOf(signal: OtlpSignal, metricKinds: ReadonlyMap<string, number>): Iterable<string> {
  return signal === 'metrics' ? metricKinds.keys() : [signal]
}

function otlpPlans(storage: Storage, signal: OtlpSignal): InsertPlans {
  return plansOf(storage, inserts[signal], (body) => {
    // Bodies on disk were taken with the clock of then: only their shape is in question now, not their age.
    const received = receivers.otlp[signal]('application/x-protobuf', body, anyTime)
    return received.ok ? kindsOf(signal, received.kinds) : null
  })
}

function plansOf(storage: Storage, statements: Inserts, kindsOf: InsertPlans['kindsOf']): InsertPlans {
  return {
    kinds: Object.keys(statements),
    kindsOf,
    async insert(kind, file, token) {
      const insert = statements[kind]
      if (insert === undefined) throw new Error(`there is no INSERT for ${kind}`)
      const { table: _table, ...statement } = insert
      await storage.insertFile({ ...statement, file, token })
    },
  }
}
