import type { Storage } from '../../domain/storage.ts'
import { inserts, receivers } from '../../receivers/index.ts'
import { anyTime } from '../../receivers/otlp/time-window.ts'
import type { InsertPlans } from './segment-store.ts'
import type { Signal } from './signals.ts'

/** How the segments of each signal get into the storage: by the receivers' statements. */
export function insertPlans(storage: Storage): Readonly<Record<Signal, InsertPlans>> {
  return {
    traces: plansOf(storage, 'traces'),
    logs: plansOf(storage, 'logs'),
    metrics: plansOf(storage, 'metrics'),
  }
}

/** What has to be inserted for a body: metrics by their kinds, everything else as it is. */
export function kindsOf(signal: Signal, metricKinds: ReadonlyMap<string, number>): Iterable<string> {
  return signal === 'metrics' ? metricKinds.keys() : [signal]
}

function plansOf(storage: Storage, signal: Signal): InsertPlans {
  return {
    kinds: Object.keys(inserts[signal]),
    async insert(kind, file, token) {
      const insert = inserts[signal][kind]
      if (insert === undefined) throw new Error(`there is no INSERT for ${kind}`)
      const { table: _table, ...statement } = insert
      await storage.insertFile({ ...statement, file, token })
    },
    kindsOf(body) {
      // Bodies on disk were taken with the clock of then: only their shape is in question now, not their age.
      const received = receivers.otlp[signal]('application/x-protobuf', body, anyTime)
      return received.ok ? kindsOf(signal, received.kinds) : null
    },
  }
}
