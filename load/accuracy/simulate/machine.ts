import { availableParallelism, cpus } from 'node:os'

/** What measured: processor, cores and Node's version, as figures are quoted with them. */
export function machine(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`
}
