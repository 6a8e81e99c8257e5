import type { Storage } from '../../src/domain/storage.ts'

/** One hour of a small company, or of one that is a hundred times as busy; spans lie evenly in it. */
export type Hour = {
  readonly spans: number
  readonly services: number
  readonly pods: number
  readonly operations: number
  /** Unix seconds, a whole 10 s: where the hour ends. */
  readonly end: number
}

/** Two in a hundred requests fail; one pod of each service runs the new version. */
const failing = 0.02

/** A number from 0 to 1 of the row, the same at every run; `salt` makes another one. */
const uniform = (salt: number) => `((cityHash64(i, ${salt}) % 4294967296 + 0.5) / 4294967296)`
/** Log-normal around 5 ms to 40 ms, by operation. */
const nanoseconds = (operation: string) =>
  `toUInt64(5e6 * (1 + ${operation}) * exp(0.5 * sqrt(-2 * log(${uniform(1)})) * cos(2 * pi() * ${uniform(2)})))`

/** 14 resource attributes and 10 of the span, as SDKs of HTTP services send. */
const resource = `map('service.name', service, 'service.namespace', 'shop', 'service.version', version,
    'deployment.environment.name', 'production', 'k8s.pod.name', podName, 'k8s.replicaset.name', concat(service, '-', version, 'abc'),
    'cloud.region', 'eu-north-1', 'cloud.provider', 'aws', 'host.name', concat('node-', toString(pod)), 'host.arch', 'amd64',
    'telemetry.sdk.name', 'opentelemetry', 'telemetry.sdk.language', 'java', 'telemetry.sdk.version', '1.50.0',
    'process.runtime.name', 'OpenJDK Runtime Environment')`
const attributes = `map('http.request.method', 'GET', 'http.route', concat('/v1/things/', toString(operation)),
    'http.response.status_code', if(failed, '500', '200'), 'url.path', concat('/v1/things/', toString(i % 100000)),
    'url.scheme', 'https', 'server.address', service, 'client.address', concat('10.0.0.', toString(i % 250)),
    'network.protocol.version', '1.1', 'user_agent.original', 'Mozilla/5.0', 'thread.id', toString(i % 200))`

/** INSERT … SELECT of spans `from` to `to` of the hour into `otel_traces`: the real table, and its views. */
export function spansOf({ spans, services, pods, operations, end }: Hour, from: number, to: number): string {
  const start = end - 3600
  return `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes, Duration, StatusCode)
    WITH number AS i, cityHash64(i, 3) % ${services} AS s, concat('service-', toString(s)) AS service,
      cityHash64(i, 4) % ${pods} AS pod, concat(service, '-pod-', toString(pod)) AS podName,
      if(pod = 0, '2.0.0', '1.9.3') AS version, cityHash64(i, 5) % ${operations} AS operation,
      ${uniform(6)} < ${failing} AS failed, ${nanoseconds('operation')} AS duration
    SELECT fromUnixTimestamp64Nano(toInt64(${start}e9 + (i + 0.5) * ${3600e9 / spans}) - toInt64(duration)),
      lower(hex(reinterpretAsFixedString(generateUUIDv4(i)))), lower(hex(cityHash64(i, 7))), 'GET', 'Server', service,
      CAST(${resource}, 'Map(LowCardinality(String), String)'), CAST(${attributes}, 'Map(LowCardinality(String), String)'), duration, if(failed, 'Error', 'Unset')
    FROM numbers(${from}, ${to - from})
    SETTINGS max_insert_threads = 1, max_partitions_per_insert_block = 0`
}

/**
 * Makes the hour: a statement a minute for the first 59, and one a second for the last, as Davy stores what comes, so
 * that the newest rows lie in parts as small as in life.
 */
export async function makeHour(storage: Storage, hour: Hour, note: (text: string) => void): Promise<void> {
  const perMinute = hour.spans / 60
  const perSecond = perMinute / 60
  for (let minute = 0; minute < 59; minute += 1) {
    await storage.command(spansOf(hour, Math.round(minute * perMinute), Math.round((minute + 1) * perMinute)))
    if (minute % 10 === 9) note(`  ${minute + 1} of 60 minutes of ${hour.spans} spans`)
  }
  for (let second = 0; second < 60; second += 1) {
    const [from, to] = [
      Math.round(59 * perMinute + second * perSecond),
      Math.round(59 * perMinute + (second + 1) * perSecond),
    ]
    if (to > from) await storage.command(spansOf(hour, from, to))
  }
}

export type Fleet = {
  readonly services: number
  readonly pods: number
  readonly operations: number
  /** Ten-second ticks before the newest six, which come one by one. */
  readonly oldTicks: number
  /** Unix seconds, a whole 10 s: where the newest tick ends. */
  readonly end: number
}

/** Spans that a pod, an operation and a tick have, so that a row of the rollup holds a histogram of some buckets. */
const spansPerRow = 5

/**
 * Rows of many services straight into the rollup, since their spans would take too long: what the view would make of
 * {@link spansPerRow} requests an operation, pod and tick.
 */
function ticksOf({ services, pods, operations, end, oldTicks }: Fleet, fromTick: number, toTick: number): string {
  const start = end - (oldTicks + 6) * 10
  const perTick = services * pods * operations * spansPerRow
  return `INSERT INTO rollup_traces_10s (Service, T, Namespace, Environment, Version, Cohort, ReplicaSet, Pod, Region, Operation, SpanKind, StatusCode, N, S, H, A, WithThreshold)
    WITH number AS i, intDiv(i, ${spansPerRow}) AS row, row % ${operations} AS operation,
      intDiv(row, ${operations}) % ${pods} AS pod, intDiv(row, ${operations * pods}) % ${services} AS s,
      concat('service-', toString(s)) AS service, ${nanoseconds('operation')} AS duration
    SELECT service, toDateTime(${start} + 10 * intDiv(i, ${perTick}), 'UTC') AS t, 'shop', 'production', if(pod = 0, '2.0.0', '1.9.3') AS version, '',
      concat(version, 'abc'), concat(service, '-pod-', toString(pod)) AS podName, 'eu-north-1', concat('GET /v1/things/', toString(operation)) AS name,
      'Server', if(${uniform(6)} < ${failing}, 'Error', 'Unset') AS status, count(), sum(duration),
      sumMap(map(toInt16(floor(log2(duration) * 32)), toUInt64(1))), count(), 0
    FROM numbers(${fromTick * perTick}, ${(toTick - fromTick) * perTick})
    GROUP BY service, t, version, podName, name, status`
}

/** Makes the ticks: the old ones merged into one part, the newest six in a part each. */
export async function makeFleet(storage: Storage, fleet: Fleet, note: (text: string) => void): Promise<void> {
  for (let tick = 0; tick < fleet.oldTicks; tick += 6) {
    await storage.command(ticksOf(fleet, tick, Math.min(fleet.oldTicks, tick + 6)))
    note(`  ${tick + 6} of ${fleet.oldTicks + 6} ticks of ${fleet.services} services`)
  }
  await storage.command('OPTIMIZE TABLE rollup_traces_10s FINAL')
  for (let tick = fleet.oldTicks; tick < fleet.oldTicks + 6; tick += 1) {
    await storage.command(ticksOf(fleet, tick, tick + 1))
  }
}
