import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where a foreign tool is: `bin` of $DAVY_TOOLS, by default ~/.cache/davy-tools; `test/tools/install.sh` fills it. */
export function toolPath(name: string): string {
  return join(process.env.DAVY_TOOLS ?? join(homedir(), '.cache', 'davy-tools'), 'bin', name)
}
