import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Tool =
  | 'bin/alertmanager'
  | 'bin/amtool'
  | 'bin/go-client'
  | 'bin/otelcol-davy'
  | 'bin/prometheus'
  | 'bin/remote-write-compliance'
  | 'bin/telemetrygen'
  | 'python/bin/python'

/**
 * The path of a program that `test/tools/install.sh` installs.
 * @throws Error that says how to get it: a test without its tool fails, it is not left out.
 */
export function tool(name: Tool): string {
  const path = join(process.env.DAVY_TOOLS || join(homedir(), '.cache/davy-tools'), name)
  if (!existsSync(path)) throw new Error(`expected ${path}, found nothing there; run test/tools/install.sh`)
  return path
}
