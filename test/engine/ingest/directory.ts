import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { delimit, readDelimited } from '../../../src/engine/ingest/delimited.ts'

/** A directory of segments, deleted when the test disposes of it. */
export function segmentDirectory(): Disposable & { readonly path: string; files(): string[] } {
  const path = mkdtempSync(join(tmpdir(), 'davy-segments-'))
  mkdirSync(join(path, 'quarantine'))
  return {
    path,
    files: () => readdirSync(path).filter((name) => name !== 'quarantine'),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** The directory of the traces' segments, in one of its own. */
export function signalDirectory(): ReturnType<typeof segmentDirectory> {
  const root = segmentDirectory()
  const path = join(root.path, 'traces')
  mkdirSync(path)
  const files = () => readdirSync(path).filter((name) => name !== 'quarantine')
  return { path, files, [Symbol.dispose]: () => root[Symbol.dispose]() }
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text)

/** Texts as the content of a segment. */
export const segmentOf = (...texts: readonly string[]): Buffer =>
  Buffer.concat(texts.map((text) => delimit(bytesOf(text))))

export function textsIn(file: string): string[] {
  return readDelimited(readFileSync(file)).bodies.map((body) => Buffer.from(body).toString())
}

/** Ids in order of creation. */
export function counting(): () => string {
  let count = 0
  return () => {
    count += 1
    return `id-${String(count).padStart(4, '0')}`
  }
}
