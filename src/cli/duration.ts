import { InvalidArgumentError } from 'commander'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/**
 * `500ms`, `90s`, `30m`, `1.5h` in milliseconds.
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? []
  if (amount === undefined || unit === undefined) {
    throw new InvalidArgumentError('Expected a number and its unit, like 90s, 30m or 1.5h.')
  }
  return Math.round(Number(amount) * unitMs[unit]!)
}
