import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Storage } from '../../src/domain/storage.ts'
import type { Dialect } from '../../src/storage/dialect.ts'

/** An empty storage of a kind. */
export type Opened = {
  readonly storage: Storage
  readonly dialect: Dialect
  /** Closes the storage, and what it stood on. */
  close(): Promise<void>
}

export type Open = () => Promise<Opened>

/** A directory of the test's own; the function deletes it. */
export function temporaryDirectory(): readonly [path: string, remove: () => void] {
  const path = mkdtempSync(join(tmpdir(), 'davy-test-'))
  return [path, () => rmSync(path, { recursive: true, force: true })]
}

export const retention = { rawDays: 7, rollupDays: 90 }
