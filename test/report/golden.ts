import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Compares with a file under golden/ (`.txt`, so that no formatter takes it for source); UPDATE_GOLDEN=1 writes it instead. A missing file fails. */
export function expectGolden(name: string, actual: string): void {
  const file = new URL(`./golden/${name}.txt`, import.meta.url)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual)
  expect(existsSync(file), `golden/${name}.txt is missing: run with UPDATE_GOLDEN=1`).toBe(true)
  expect(
    actual === readFileSync(file, 'utf8'),
    `differs from golden/${name}.txt: look, then run with UPDATE_GOLDEN=1`,
  ).toBe(true)
}
