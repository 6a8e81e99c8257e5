/** Severities by name, with the lowest number of their range. */
export const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const

/** null: the record told none. */
export function severityName(severity: number): string | null {
  return Object.entries(severities).find(([, number]) => number === severity)?.[0] ?? null
}
