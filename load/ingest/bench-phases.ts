import { itemsPerBody, type Signal } from './otlp-bodies.ts'
import { type CpuSeconds, cpuBetween, cpuSeconds, machineCpuSeconds } from './process-figures.ts'
import { startCollector } from './start-collector.ts'
import { type RunningDavy, startDavy } from './start-davy.ts'
import type { Generator } from './start-generator.ts'
import { readFigures, untilQuiet, untilStored } from './watch-davy.ts'

/** Connections at full rate, each with one request under way. */
const connections = 8
/** Bodies that warm a process up before it is measured. */
export const warmUpBodies = 60

/** A range of the generator's bodies. */
export type Bodies = { readonly from: number; readonly to: number }

/** Full rate: from the first byte until everything is stored, rolled up and can be asked for. */
export type FullRate = {
  readonly items: number
  readonly itemsPerSecond: number
  /** As acknowledged, which the backlog may delay the storing of. */
  readonly acknowledgedPerSecond: number
  readonly gzipBytesPerItem: number
  readonly plainBytesPerItem: number
  readonly itemsPerSegment: number
  readonly acknowledgementsMs: readonly number[]
  readonly throttled: number
  readonly eventLoopLagP99Ms: number
  /** Until merges rest, with what the process takes at rest. */
  readonly cpu: CpuSeconds
  /** Until everything is stored; merges go on after. */
  readonly cpuUntilStored: CpuSeconds
  /** What the process would have taken at rest meanwhile: its jobs tick whether spans come or not. */
  readonly restCpuSeconds: number
  readonly generatorCpuSeconds: number
  /** Cores that everybody else took until everything was stored: what makes a wall figure too low. */
  readonly coresElsewhere: number
  readonly becameQuiet: boolean
}

/**
 * Sends the bodies as fast as they are acknowledged.
 * @param restShare of one core, what this Davy takes with nothing to do.
 */
export async function fullRate(
  davy: RunningDavy,
  generator: Generator,
  signal: Signal,
  bodies: Bodies,
  bytes: { readonly gzip: number; readonly plain: number },
  restShare: number,
): Promise<FullRate> {
  await untilQuiet(davy.pid, restShare)
  const beganAt = Date.now()
  const before = cpuSeconds(davy.pid)
  const { storedSegments } = await readFigures(davy)
  const machineBefore = machineCpuSeconds()
  const sent = await generator.send({ url: davy.otlpUrl, ...bodies, connections, rate: null })
  const { eventLoopLagP99Ms } = await readFigures(davy)
  await untilStored(davy)
  const storedAt = Date.now()
  const cpuUntilStored = cpuBetween(before, cpuSeconds(davy.pid))
  const elsewhere = machineCpuSeconds() - machineBefore - cpuUntilStored.total - sent.cpuSeconds
  const segments = (await readFigures(davy)).storedSegments - storedSegments
  if (segments === 0) throw new Error(`expected segments of ${signal} to be stored, none was`)
  const becameQuiet = await untilQuiet(davy.pid, restShare)
  const items = (bodies.to - bodies.from) * itemsPerBody
  return {
    items,
    itemsPerSecond: items / ((storedAt - sent.startedAt) / 1000),
    acknowledgedPerSecond: items / ((sent.endedAt - sent.startedAt) / 1000),
    gzipBytesPerItem: bytes.gzip,
    plainBytesPerItem: bytes.plain,
    itemsPerSegment: items / segments,
    acknowledgementsMs: sent.acknowledgementsMs,
    throttled: sent.throttled,
    eventLoopLagP99Ms,
    cpu: cpuBetween(before, cpuSeconds(davy.pid)),
    restCpuSeconds: restShare * ((Date.now() - beganAt) / 1000),
    cpuUntilStored,
    generatorCpuSeconds: sent.cpuSeconds,
    coresElsewhere: Math.max(0, elsewhere) / ((storedAt - sent.startedAt) / 1000),
    becameQuiet,
  }
}

/** Acknowledgements at a steady rate, in milliseconds from when each body was due. */
export async function steadyRate(
  davy: RunningDavy,
  generator: Generator,
  bodies: Bodies,
  rate: number,
): Promise<readonly number[]> {
  const { acknowledgementsMs } = await generator.send({ url: davy.otlpUrl, ...bodies, connections: 64, rate })
  await untilStored(davy)
  return acknowledgementsMs
}

/** Sends bodies that are not measured. */
export async function warmUp(url: string, generator: Generator, bodies: Bodies): Promise<void> {
  await generator.send({ url, ...bodies, connections, rate: null })
}

/**
 * Processor seconds of a Davy that takes the bodies and stores none of them yet: HTTP, gunzip, check, write-ahead log,
 * fdatasync, and nothing of ClickHouse's. Its segments wait for an age and a size that are not reached, and then it is
 * killed; all else is as by default.
 */
export async function untilAccepted(
  directory: string,
  generator: Generator,
  warm: Bodies,
  bodies: Bodies,
): Promise<CpuSeconds> {
  const davy = await startDavy(directory, {
    DAVY_INGEST_SEGMENT_MAX_BYTES: String(2 ** 30),
    DAVY_INGEST_SEGMENT_MAX_AGE_MS: '60000',
  })
  try {
    await warmUp(davy.otlpUrl, generator, warm)
    const before = cpuSeconds(davy.pid)
    await generator.send({ url: davy.otlpUrl, ...bodies, connections, rate: null })
    const after = cpuSeconds(davy.pid)
    const { storedSegments } = await readFigures(davy)
    if (storedSegments > 0)
      throw new Error(`expected no segment to be stored while bodies are accepted, got ${storedSegments}`)
    return cpuBetween(before, after)
  } finally {
    await davy.kill()
  }
}

/** Processor seconds of a Collector that writes the same bodies to a file; null when there is no Collector. */
export async function collectorUntilWritten(
  directory: string,
  generator: Generator,
  warm: Bodies,
  bodies: Bodies,
): Promise<{ readonly version: string; readonly cpuSeconds: number } | null> {
  const collector = await startCollector(directory)
  if (collector === null) return null
  try {
    await warmUp(collector.url, generator, warm)
    const before = cpuSeconds(collector.pid)
    await generator.send({ url: collector.url, ...bodies, connections, rate: null })
    await untilQuiet(collector.pid, 0)
    const after = cpuSeconds(collector.pid)
    return { version: collector.version, cpuSeconds: after.total - before.total }
  } finally {
    await collector.stop()
  }
}
