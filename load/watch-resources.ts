import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningDavy } from './ingest/start-davy.ts'
import { activeParts, noParts, type PartCounts, plusParts } from './summary/active-parts.ts'
import type { Resources } from './summary/resources.ts'

/** @param stop ends the watching. @returns what was seen. */
export type Watching = { stop(): Promise<readonly Resources[]> }

const patienceMs = 30_000

/**
 * Reads Davy's own metrics and the directory of its storage every `everyMs`. What cannot be read within half a minute fails the run.
 * @param directory of the embedded storage.
 */
export function watchResources(davy: RunningDavy, directory: string, everyMs: number): Watching {
  const samples: Resources[] = []
  const isOver = new AbortController()
  const watching = (async () => {
    while (!isOver.signal.aborted) {
      samples.push(await sample(davy, directory))
      await sleep(everyMs, undefined, { signal: isOver.signal }).catch(() => undefined)
    }
  })()
  // Whoever stops it hears of it; until then it must not end the process.
  watching.catch(() => undefined)
  return {
    async stop() {
      isOver.abort()
      await watching
      return samples
    },
  }
}

async function sample(davy: RunningDavy, directory: string): Promise<Resources> {
  const at = Date.now()
  const response = await fetch(`${davy.url}/metrics`, { signal: AbortSignal.timeout(patienceMs) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`expected 200 from /metrics, got ${response.status}: ${text}`)
  const value = (pattern: RegExp, name: string) => {
    const found = pattern.exec(text)?.[1]
    if (found === undefined) throw new Error(`expected ${name} in /metrics, it is not there`)
    return Number(found)
  }
  const accepted = /^davy_ingest_items_total\{(?=[^}]*signal="traces")(?=[^}]*outcome="accepted")[^}]*\} (\S+)$/m
  return {
    at,
    rssMiB: value(/^process_resident_memory_bytes (\S+)$/m, 'process_resident_memory_bytes') / 2 ** 20,
    openFiles: value(/^process_open_fds (\S+)$/m, 'process_open_fds'),
    ...(await countParts(directory)),
    acceptedSpans: Number(accepted.exec(text)?.[1] ?? 0),
  }
}

/** ClickHouse keeps a table's parts in `store/<three digits>/<uuid>`. */
async function countParts(directory: string): Promise<PartCounts> {
  const store = join(directory, 'store')
  let counts = noParts
  for (const prefix of await readdir(store)) {
    for (const table of await readdir(join(store, prefix))) {
      counts = plusParts(counts, activeParts(await readdir(join(store, prefix, table))))
    }
  }
  return counts
}
