import { readdirSync, readFileSync } from 'node:fs'

/** Whose work a thread does: Node's own threads, libuv's pool, or ClickHouse's. */
type Share = 'node' | 'libuv' | 'clickhouse'

/** Processor seconds since the start of a process. */
export type CpuSeconds = { readonly total: number } & Readonly<Record<Share, number>>

/** Linux counts processor time of processes in hundredths of a second (`getconf CLK_TCK`). */
const ticksPerSecond = 100

/**
 * Processor time of a process by the names of its threads. Node names its threads (`MainThread`, `V8Worker`,
 * `libuv-worker`); whatever has another name was made by ClickHouse. What threads that have ended took is counted by the
 * process alone; Node's do not end while it runs, so the rest of the total is ClickHouse's.
 *
 * libuv's pool is shown apart because both use it: gunzip, write and fdatasync run in it, and so does the part of a
 * statement that ClickHouse does in the thread that calls it, above all parsing and analysis.
 */
export function cpuSeconds(pid: number): CpuSeconds {
  const { seconds: total } = statOf(`/proc/${pid}/stat`)
  let node = 0
  let libuv = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = tryStatOf(`/proc/${pid}/task/${thread}/stat`)
    if (stat === null) continue
    // A thread that has taken no name of its own bears the process's: Node's watchdog and signal threads.
    if (thread === String(pid) || /^(MainThread|node|V8Worker|DelayedTaskSche|SignalInspector)$/.test(stat.name)) {
      node += stat.seconds
    } else if (stat.name === 'libuv-worker') libuv += stat.seconds
  }
  return { total, node, libuv, clickhouse: total - node - libuv }
}

/** `after` less `before`. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return {
    total: after.total - before.total,
    node: after.node - before.node,
    libuv: after.libuv - before.libuv,
    clickhouse: after.clickhouse - before.clickhouse,
  }
}

/** Processor seconds that all processes of the machine have taken since its start. */
export function machineCpuSeconds(): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  // user, nice, system, idle, iowait, irq, softirq, steal: what another guest of the host took is lost to us, too.
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number) as number[]
  const ticks = [user, nice, system, irq, softirq, steal].reduce<number>((sum, each) => sum + (each ?? 0), 0)
  return ticks / ticksPerSecond
}

/** The largest resident memory that a process has had, in MiB. */
export function peakRssMiB(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (match === null) throw new Error(`expected VmHWM in /proc/${pid}/status, which Linux writes; it is not there`)
  return Number(match[1]) / 1024
}

function statOf(path: string): { readonly name: string; readonly seconds: number } {
  const text = readFileSync(path, 'utf8')
  // The name stands in parentheses and may hold any character, parentheses too.
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  return { name: text.slice(text.indexOf('(') + 1, end), seconds }
}

/** null for a thread that has ended since it was listed. */
function tryStatOf(path: string): ReturnType<typeof statOf> | null {
  try {
    return statOf(path)
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
