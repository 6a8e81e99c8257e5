import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Before the migrations 9 and 10. */
const olderCommit = process.env.DAVY_ROLL_FROM ?? 'a3c8880'

/** A clone whose Davy can be started, and what to call it. */
export type Sources = { readonly root: string; readonly name: string }

/**
 * The sources of an older commit (DAVY_ROLL_FROM names another one), unpacked into a directory, with today's packages.
 * @returns null where the history does not have the commit, as in a shallow clone.
 */
export function olderSources(directory: string): Sources | null {
  if (!existsSync(join(root, '.git'))) return null
  try {
    execFileSync('git', ['cat-file', '-e', `${olderCommit}^{commit}`], { cwd: root, stdio: 'ignore' })
  } catch {
    return null
  }
  mkdirSync(directory, { recursive: true })
  const archive = execFileSync('git', ['archive', olderCommit, 'src', 'deploy/templates', 'package.json'], {
    cwd: root,
    maxBuffer: 2 ** 28,
  })
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  return { root: directory, name: olderCommit }
}

/** This clone. */
export const currentSources: Sources = { root, name: 'this version' }
