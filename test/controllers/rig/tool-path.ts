import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const folder = join(process.env.DAVY_TOOLS ?? join(homedir(), '.cache', 'davy-tools'), 'controllers')

/** Where `tools/install.sh` put something: `bin/…` or `crds/…`. Throws with the command to run when it is not there. */
export function toolPath(name: string): string {
  const path = join(folder, name)
  if (!existsSync(path)) {
    throw new Error(`expected ${path}, nothing is there: run test/controllers/tools/install.sh (about half an hour)`)
  }
  return path
}
