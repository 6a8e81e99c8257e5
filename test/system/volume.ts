import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small file system of its own, as a disk that can really be full. */
export type Volume = {
  readonly path: string
  /** Fills what is left, but for `leave` bytes. */
  fill(leave?: number): void
  /** Gives back what {@link fill} took. */
  empty(): void
  remove(): void
}

/** @returns why there is none when the system lets nobody mount. */
export function mountVolume(bytes: number): Volume | string {
  const path = mkdtempSync(join(tmpdir(), 'davy-volume-'))
  const { status, stderr, error } = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'davy-test', path])
  if (status !== 0) {
    rmSync(path, { recursive: true })
    return `a tmpfs cannot be mounted here: ${error?.message ?? stderr.toString().trim()}`
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill: (leave = 0) => {
      const file = openSync(ballast, 'a')
      const hole = leave === 0 ? null : join(path, 'hole')
      if (hole !== null) writeAll(openSync(hole, 'w'), leave)
      for (const size of [2 ** 20, 4096, 1]) while (writes(file, size));
      closeSync(file)
      if (hole !== null) rmSync(hole)
    },
    empty: () => rmSync(ballast, { force: true }),
    remove: () => {
      const { status: unmounted } = spawnSync('/bin/umount', ['-l', path])
      if (unmounted === 0) rmSync(path, { recursive: true })
    },
  }
}

function writeAll(file: number, bytes: number): void {
  writeSync(file, Buffer.alloc(bytes))
  closeSync(file)
}

function writes(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
