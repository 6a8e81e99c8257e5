import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readDelimited } from './delimited.ts'
import type { InsertPlans } from './segment-store.ts'
import type { Segment } from './segment-writer.ts'

export type Recovered = { readonly segments: readonly Segment[]; readonly tornBytes: number }

/**
 * The segments that an earlier process left, oldest first. An open one may end in a body that was never acknowledged:
 * it is cut after its last body that is whole and valid. A sealed one is whole, so nothing of it is cut, valid or not:
 * what cannot be read is for the store to put aside. `openedAt` is the age of the file, so that judges wait for it.
 */
export async function recoverSegments(directory: string, plans: InsertPlans, now: () => number): Promise<Recovered> {
  const segments: Segment[] = []
  let tornBytes = 0
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name)
    if (name.endsWith('.part')) await rm(path)
    if (!name.endsWith('.seg') && !name.endsWith('.open')) continue
    const id = name.slice(0, name.lastIndexOf('.'))
    const file = join(directory, `${id}.seg`)
    const bytes = await readFile(path)
    const { validLength, kinds, isValid } = validBodies(bytes, plans)
    const length = path === file ? bytes.length : validLength
    if (length < bytes.length) {
      tornBytes += bytes.length - length
      await truncate(path, length)
    }
    if (path !== file) await rename(path, file)
    if (length === 0) {
      await rm(file)
      continue
    }
    const { birthtimeMs, mtimeMs } = await stat(file)
    const openedAt = Math.min(now(), birthtimeMs > 0 ? birthtimeMs : mtimeMs)
    segments.push({ id, file, bytes: length, openedAt, kinds: isValid ? kinds : new Set(plans.kinds) })
  }
  return { segments, tornBytes }
}

/** Up to where bodies are valid, what is in them, and whether all of them up to there are. */
function validBodies(bytes: Uint8Array, plans: InsertPlans) {
  const kinds = new Set<string>()
  let validLength = 0
  let valid = 0
  const { bodies, length } = readDelimited(bytes)
  for (const body of bodies) {
    const found = plans.kindsOf(body)
    if (found === null) continue
    valid += 1
    for (const kind of found) kinds.add(kind)
    validLength = body.byteOffset - bytes.byteOffset + body.length
  }
  return { validLength, kinds, isValid: valid === bodies.length && length === bytes.length }
}

async function truncate(path: string, length: number): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.truncate(length)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
