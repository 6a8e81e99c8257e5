import { setFlagsFromString } from 'node:v8'
import { compose } from './compose.ts'
import { systemClock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { placeOfUrl } from './platform/hide-credentials.ts'
import { createLogger } from './platform/logger.ts'
import { ShutdownStack } from './platform/shutdown.ts'
import { version } from './version.ts'

/** Everything must have stopped by then; a stop that hangs is left behind. */
const stopWithinMs = 25_000

// Bodies of telemetry live outside V8's heap. By default 64 MiB of them start a full collection of the heap, several times
// a second under load: half of the processor time that a span takes until it is accepted.
setFlagsFromString('--external-memory-accounted-in-global-limit')

/**
 * `davy serve`: runs until SIGTERM or SIGINT, then stops part by part and ends the process. After SIGTERM it serves on for
 * `drainMs` first, and is not ready any more; SIGINT, or a second signal, ends that at once.
 */
export async function runServe(config: Config): Promise<void> {
  const log = createLogger(config.logLevel)
  const stops = new ShutdownStack(
    systemClock,
    (name, error) => log.error({ err: error, part: name }, 'a part did not stop'),
    stopWithinMs,
  )
  let drain: (() => void) | null = null
  const stopNow = new AbortController()
  let isStopping = false
  const stop = async (signal: NodeJS.Signals) => {
    // Before it is ready nobody has been sent here.
    if (signal === 'SIGINT' || isStopping || drain === null || config.drainMs === 0) stopNow.abort()
    if (isStopping) return
    isStopping = true
    drain?.()
    if (!stopNow.signal.aborted) log.info({ signal, drainMs: config.drainMs }, 'draining')
    await systemClock.sleep(config.drainMs, stopNow.signal)
    log.info({ signal }, 'stopping')
    await stops.run()
    log.info({}, 'stopped')
    process.exit(process.exitCode ?? 0)
  }
  process.on('SIGTERM', (signal) => void stop(signal))
  process.on('SIGINT', (signal) => void stop(signal))
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))
  try {
    const running = await compose(config, systemClock, log, stops)
    drain = running.drain
    const { address, otlpAddress, otlpGrpcAddress, publicUrl } = running
    const storage = placeOfUrl(config.storageUrl)
    log.info({ version, address, otlp: otlpAddress, otlpGrpc: otlpGrpcAddress, publicUrl, storage }, 'Davy is ready')
  } catch (error) {
    await stops.run()
    throw error
  }
}
