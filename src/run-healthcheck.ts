import { CommandEnd } from './cli/command-end.ts'
import type { Config } from './platform/config.ts'

const withinMs = 4_000

/** Where a process on the same machine reaches a Davy of this configuration; no slash at its end. */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/**
 * `davy healthcheck`: returns when the Davy that runs with this configuration on this machine is alive. For images without a
 * shell, where nothing else could ask.
 * @throws CommandEnd 1 when it answers anything but 200, or nothing in time.
 */
export async function runHealthcheck(config: Pick<Config, 'host' | 'port'>): Promise<void> {
  const url = `${localUrl(config)}/livez`
  const answer = await fetch(url, { signal: AbortSignal.timeout(withinMs) }).then(
    async (response) => {
      await response.body?.cancel()
      return response.status === 200 ? null : String(response.status)
    },
    (error: Error) => (error.cause instanceof Error ? error.cause.message : error.message),
  )
  if (answer !== null) throw new CommandEnd(1, `${url}: expected 200 within ${withinMs / 1000} s, got ${answer}`)
}
