import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Figures } from './bench-report.ts'

const file = join(import.meta.dirname, '../out/bench-ingest.json')

/** Keeps what the ingest benchmark measured, for those who print it beside their own figures. */
export function keepFigures(figures: Figures): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`)
}

/** What the ingest benchmark measured last in this clone; null when it has not run. */
export function keptFigures(): Figures | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : null
}
