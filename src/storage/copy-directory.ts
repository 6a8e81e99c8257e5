import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { syncPath } from '../platform/sync-path.ts'

type Entry = {
  readonly path: string
  readonly kind: 'directory' | 'file' | 'link'
  /** Both of files, else 0. */
  readonly bytes: number
  readonly modifiedAtMs: number
  /** Of a link, else ''. */
  readonly target: string
}

/**
 * Copies a directory that nobody writes to, without its sockets. Under its name the copy is there as a whole and on disk for
 * good, or not at all: until then it is a neighbour `<to>.partial-…`, which is deleted when something fails and is left
 * behind when the process is killed.
 * @param to must not be there; its parent must.
 * @param onCopied is told, after each file, of the bytes that are copied and of all bytes.
 * @throws Error when something wrote meanwhile, when the copy has other files or sizes, or when a link leads out of the
 * directory, for then the copy would live off what it was made of.
 */
export async function copyDirectory(
  from: string,
  to: string,
  onCopied: (bytes: number, ofBytes: number) => void,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const entries = await list(from)
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  const copy = await mkdtemp(`${to}.partial-`)
  try {
    let copied = 0
    for (const entry of entries) {
      await copyEntry(entry, from, copy)
      copied += entry.bytes
      if (entry.kind === 'file') onCopied(copied, bytes)
    }
    for (const { path, kind } of entries) if (kind !== 'link') await syncPath(join(copy, path))
    await syncPath(copy)
    if (!isDeepStrictEqual(await list(from), entries)) throw new Error(`something wrote to ${from} meanwhile`)
    if (!isDeepStrictEqual((await list(copy)).map(timeless), entries.map(timeless))) {
      throw new Error(`the copy of ${from} has not the same files and sizes`)
    }
    await rename(copy, to)
    await syncPath(dirname(to))
  } catch (error) {
    await rm(copy, { recursive: true, force: true })
    throw error
  }
  return { files: entries.filter(({ kind }) => kind === 'file').length, bytes }
}

/** All that is in a directory, each directory before what is in it; no link is followed. */
async function list(root: string, folder = ''): Promise<Entry[]> {
  const entries: Entry[] = []
  const found = await readdir(join(root, folder), { withFileTypes: true })
  for (const item of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, item.name)
    const entry = { path, bytes: 0, modifiedAtMs: 0, target: '' }
    if (item.isDirectory()) {
      entries.push({ ...entry, kind: 'directory' }, ...(await list(root, path)))
    } else if (item.isFile()) {
      const { size, mtimeMs } = await lstat(join(root, path))
      entries.push({ ...entry, kind: 'file', bytes: size, modifiedAtMs: mtimeMs })
    } else if (item.isSymbolicLink()) {
      const target = await readlink(join(root, path))
      if (isAbsolute(target) || !resolve(root, folder, target).startsWith(`${resolve(root)}${sep}`)) {
        throw new Error(`${join(root, path)} is a link out of the directory, to ${target}`)
      }
      entries.push({ ...entry, kind: 'link', target })
    }
  }
  return entries
}

function timeless(entry: Entry): Entry {
  return { ...entry, modifiedAtMs: 0 }
}

async function copyEntry({ path, kind, target }: Entry, from: string, copy: string): Promise<void> {
  const name = join(copy, path)
  if (kind === 'directory') await mkdir(name)
  else if (kind === 'link') await symlink(target, name)
  // Where the file system lets copies share blocks, this takes no time and no room.
  else await copyFile(join(from, path), name, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
}
