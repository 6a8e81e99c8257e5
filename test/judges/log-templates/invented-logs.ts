import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'

/** Values of the kinds that services print. */
type Values = {
  int(below: number): number
  hex(length: number): string
  name(): string
  host(): string
  ip(): string
  path(): string
  pick(words: readonly string[]): string
}

/** Statements of invented services, in the formats that platforms, databases, queues and runtimes write. */
const statements: readonly ((v: Values) => string)[] = [
  (v) => `${v.ip()} - - "GET ${v.path()} HTTP/1.1" 200 ${v.int(9000)} "-" "agent/${v.int(9)}.${v.int(40)}"`,
  (v) =>
    `reconciler.go:142] "Reconciled widget" namespace="${v.name()}" name="${v.name()}-${v.hex(9)}" took=${v.int(90)}ms`,
  (v) => `level=warn component=cache msg="evicted entries" count=${v.int(500)} shard=${v.int(12)}`,
  (v) => `level=info component=cache msg="warmed up" entries=${v.int(5000)} took=${v.int(60)}.${v.int(9)}s`,
  (v) => `[Group orders] Member consumer-${v.int(40)}-${v.hex(8)}-${v.hex(4)} joined with generation ${v.int(300)}`,
  (v) =>
    `Partition [${v.name()},${v.int(30)}] on broker ${v.int(5)}: shrinking in-sync set from ${v.int(5)},${v.int(5)} to ${v.int(5)}`,
  (v) => `duration: ${v.int(900)}.${v.int(999)} ms  execute fetch_${v.int(99)}: rows ${v.int(400)}`,
  (v) =>
    `checkpoint complete: wrote ${v.int(9000)} buffers (${v.int(50)}.${v.int(9)}%); sync=${v.int(3)}.${v.int(999)} s`,
  (v) => `could not connect to ${v.host()}:5432 after ${v.int(9)} attempts: connection refused`,
  (v) => `Connected to ${v.host()}:${6000 + v.int(900)} in ${v.int(80)} ms`,
  (v) => `Session 0x${v.hex(12)} closed for client /${v.ip()}:${20000 + v.int(9000)}`,
  (v) => `user ${v.name()} logged in from ${v.ip()}`,
  (v) => `user ${v.name()} failed to log in from ${v.ip()}: wrong password`,
  (v) => `GC pause (young) ${v.int(2000)}M->${v.int(900)}M(4096M) ${v.int(60)}.${v.int(999)}ms`,
  (v) => `Task ${v.hex(8)}-${v.hex(4)}-${v.hex(4)} finished on thread pool-${v.int(9)}-thread-${v.int(30)}`,
  (v) => `Writing block ${v.int(1e9)} to ${v.path()}/block_${v.int(1e9)}.dat`,
  (v) =>
    `Deleting ${v.path()} because its lease ended at 2031-0${1 + v.int(8)}-1${v.int(9)}T1${v.int(9)}:2${v.int(9)}:00Z`,
  (v) =>
    `{"msg":"order placed","order":"${v.hex(16)}","customer":${v.int(9e5)},"total":${v.int(300)}.${10 + v.int(80)}}`,
  (v) => `{"msg":"order refused","order":"${v.hex(16)}","reason":"card expired"}`,
  (v) => `Health check of https://${v.host()}/healthz answered ${v.pick(['200', '503', '429'])} in ${v.int(80)}ms`,
  (v) => `circuit breaker payments opened after ${v.int(50)} failures`,
  () => 'circuit breaker payments closed',
  (v) =>
    `kernel: eth0: link up, ${v.pick(['100', '1000'])}Mbps, full-duplex, mac 0${v.int(9)}:1b:4${v.int(9)}:11:3a:b${v.int(9)}`,
  (v) => `temperature ${v.int(80)}C of zone ${v.int(8)} is over its limit of 75C`,
  (v) => `Sending mail to ${v.name()}@${v.name()}.com with subject "your receipt ${v.int(1e6)}"`,
  (v) => `Retry ${v.int(5)}/5 of job ${v.name()}-${v.hex(5)} in ${v.int(60)} seconds`,
  (v) => `Applied migration ${20310000 + v.int(999)}_${v.name()} in ${v.int(400)} ms`,
  () => 'Shutting down gracefully...',
  () => 'Listening on all interfaces',
  (v) => `Elected leader ${v.host()} for term ${v.int(90)}`,
]

/** Seeded lines of the invented statements, each with the index of its statement; some statements are frequent. */
export function inventedLogs(
  seed: number,
  count: number,
): { readonly lines: readonly string[]; readonly truth: Int32Array } {
  const values = seededValues(seed)
  const truth = Int32Array.from({ length: count }, () =>
    Math.min(values.int(statements.length), values.int(statements.length + 8) % statements.length),
  )
  return { lines: Array.from(truth, (index) => statements[index]!(values)), truth }
}

function seededValues(seed: number): Values {
  const random = seededRandom(seed)
  function int(below: number): number {
    return Math.floor(random() * below)
  }
  function letters(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[int(alphabet.length)]).join('')
  }
  function name(): string {
    return letters(5 + int(4), 'abcdeiklmnoprstu')
  }
  return {
    int,
    hex: (length) => letters(length, '0123456789abcdef'),
    name,
    host: () => `${name()}-${int(9)}.${name()}.svc.cluster.local`,
    ip: () => `10.${int(250)}.${int(250)}.${int(250)}`,
    path: () => `/var/${name()}/${name()}`,
    pick: (words) => words[int(words.length)] as string,
  }
}
