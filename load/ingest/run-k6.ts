import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDavy } from './start-davy.ts'
import { toolPath } from './tool-path.ts'

/**
 * Runs the k6 scenario `load/ingest.ts` against a Davy that is started for it, with bodies that are made for it.
 * @returns k6's exit code: 0 when all thresholds hold. 1 when there is no k6.
 */
export async function runK6(directory: string, seconds: number): Promise<number> {
  const k6 = toolPath('k6')
  if (!existsSync(k6)) {
    process.stderr.write(`not run: no k6 at ${k6}; go install go.k6.io/k6@latest makes one (move it there)\n`)
    return 1
  }
  const bodies = join(directory, 'bodies')
  const made = await exitCode(fork(new URL('./bodies.ts', import.meta.url), ['--out', bodies]))
  if (made !== 0) throw new Error(`expected load/ingest/bodies.ts to end with 0, got ${made}`)
  const home = join(directory, 'davy')
  mkdirSync(home)
  const davy = await startDavy(home)
  try {
    const variables = [`BODIES=${bodies}`, `DAVY_URL=${davy.url}`, `OTLP_URL=${davy.otlpUrl}`, `DURATION=${seconds}s`]
    const script = fileURLToPath(new URL('../ingest.ts', import.meta.url))
    const run = ['run', '--quiet', ...variables.flatMap((variable) => ['-e', variable]), script]
    return await exitCode(spawn(k6, run, { stdio: 'inherit' }))
  } finally {
    await davy.stop()
  }
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
