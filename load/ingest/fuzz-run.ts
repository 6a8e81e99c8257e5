import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Signal } from '../../src/engine/ingest/signals.ts'
import { singleNode } from '../../src/storage/dialect.ts'
import { EmbeddedStorage } from '../../src/storage/embedded.ts'
import { Facts } from '../../src/storage/facts.ts'
import { migrate } from '../../src/storage/migrations.ts'
import { seeded } from '../../test/receivers/otlp/mutate.ts'
import { type Entry, type Finding, FuzzStorage } from './fuzz-batch.ts'
import type { BodyMaker, TakenBody } from './fuzz-makers.ts'

export type FuzzOptions = {
  readonly makers: readonly BodyMaker<Signal>[]
  readonly bodies: number
  /** The number of the first body: each is made of the seed and its number alone. */
  readonly first: number
  readonly seed: number
  /** Bodies that are made before those that were taken are stored together. */
  readonly batch: number
  /** Told at every body and every stored batch. */
  readonly beat: (index: number) => void
  readonly progress: (summary: FuzzSummary) => void
}

export type FuzzSummary = {
  bodies: number
  /** Those that the receiver took, and the rows they became. */
  taken: number
  rows: number
  neighbours: number
  /** The longest time in the receiver. */
  slowestMs: number
  slowestBody: number
  readonly takenBy: Map<string, number>
  readonly findings: Finding[]
}

/** One good neighbour to so many bodies that were taken. */
const takenPerNeighbour = 8
const maxFindings = 50

/** Fuzzes receivers and INSERTs on an embedded ClickHouse of its own. Stops early when there is too much to tell. */
export async function fuzz(options: FuzzOptions): Promise<FuzzSummary> {
  const { bodies, first, batch, beat, progress } = options
  const directory = mkdtempSync(join(tmpdir(), 'davy-fuzz-'))
  const storage = EmbeddedStorage.open(join(directory, 'data'))
  const summary: FuzzSummary = {
    ...{ bodies: 0, taken: 0, rows: 0, neighbours: 0, slowestMs: 0, slowestBody: -1 },
    ...{ takenBy: new Map(), findings: [] },
  }
  try {
    await migrate(storage, new Facts(storage, 'fuzz'), singleNode, { rawDays: 7, rollupDays: 90 })
    const store = await FuzzStorage.open(storage, join(directory, 'segments'))
    for (let from = first; from < first + bodies && summary.findings.length < maxFindings; from += batch) {
      const entries = takenBodies(options, from, Math.min(first + bodies, from + batch), summary)
      summary.findings.push(...(await store.store(entries)))
      beat(from + batch)
      progress(summary)
    }
    await store.close()
  } finally {
    await storage.close()
  }
  // The segments of what was put aside are evidence.
  if (summary.findings.length === 0) rmSync(directory, { recursive: true })
  else summary.findings.push(`the data stay in ${directory}`)
  return summary
}

function takenBodies(options: FuzzOptions, from: number, to: number, summary: FuzzSummary): readonly Entry[] {
  const { makers, seed, beat } = options
  const entries: Entry[] = []
  for (let index = from; index < to; index += 1) {
    beat(index)
    const maker = makers[index % makers.length] as BodyMaker<Signal>
    const bytes = maker.make(seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)), index)
    summary.bodies += 1
    const taken = received(maker, bytes, index, summary)
    if (taken === null) continue
    summary.taken += 1
    summary.takenBy.set(maker.name, (summary.takenBy.get(maker.name) ?? 0) + 1)
    for (const rows of taken.kinds.values()) summary.rows += rows
    entries.push({ maker, taken, index })
    if (summary.taken % takenPerNeighbour === 0) {
      entries.push({ maker, taken: maker.neighbour(summary.neighbours), index: null })
      summary.neighbours += 1
    }
  }
  return entries
}

function received(maker: BodyMaker<Signal>, bytes: Uint8Array, index: number, summary: FuzzSummary): TakenBody | null {
  const start = performance.now()
  try {
    return maker.receive(bytes)
  } catch (error) {
    const hex = Buffer.from(bytes.subarray(0, 500)).toString('hex')
    summary.findings.push(`${maker.name} body ${index}: the receiver threw ${error}; ${bytes.length} bytes: ${hex}`)
    return null
  } finally {
    const ms = performance.now() - start
    if (ms > summary.slowestMs) Object.assign(summary, { slowestMs: ms, slowestBody: index })
  }
}
