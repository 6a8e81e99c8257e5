/** What stands for a number that is not known. */
export const missing = '–'

function isUnknown(value: number | null): value is null {
  return value === null || !Number.isFinite(value)
}

/** `value` with so many significant digits, never in scientific notation; trailing zeros stay. */
function significant(value: number, digits: number): string {
  if (value === 0) return '0'
  // The rounding may carry (9.99 becomes 10.0), so the exponent is read from the rounded number.
  const exponent = Number(value.toExponential(digits - 1).split('e')[1])
  const decimals = digits - 1 - exponent
  if (decimals >= 0) return value.toFixed(Math.min(100, decimals))
  const unit = 10 ** -decimals
  return (Math.round(value / unit) * unit).toFixed(0)
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** A share as per cent: two digits below 10 (0.50%, 3.1%), three from there (12.3%); '–' for null. */
export function formatPercent(share: number | null): string {
  if (isUnknown(share)) return missing
  const percent = share * 100
  if (percent === 0) return '0%'
  if (percent < 0) return `−${formatPercent(-share)}`
  if (percent < 0.0001) return '< 0.0001%'
  const short = significant(percent, 2)
  return `${Number(short) < 10 ? short : stripZeros(significant(percent, 3))}%`
}

function ratioDigits(ratio: number): string {
  if (ratio > 99) return '> 99'
  if (ratio > 0 && ratio < 0.005) return '< 0.01'
  const short = ratio.toFixed(2)
  return Number(short) < 2 ? short : significant(ratio, 2)
}

/** A ratio: two decimals below 2 (1.14×), two digits from there (6.2×, 14×), '> 99×' beyond; '–' for null. */
export function formatRatio(ratio: number | null): string {
  return isUnknown(ratio) ? missing : `${ratioDigits(ratio)}×`
}

/**
 * The two ends of an interval of ratios in words: '4.9 to 7.8', 'at least 4.9', 'at most 7.8', '–' when both are open.
 * `low` 0 and `high` null are open ends.
 */
export function formatInterval(low: number, high: number | null): string {
  if (low <= 0) return high === null ? missing : `at most ${ratioDigits(high)}`
  return high === null ? `at least ${ratioDigits(low)}` : `${ratioDigits(low)} to ${ratioDigits(high)}`
}

/** A latency in seconds, three digits at most: '1.18 s', '0.64 s', below half a second '352 ms'; '–' for null. */
export function formatSeconds(seconds: number | null): string {
  if (isUnknown(seconds)) return missing
  if (seconds === 0) return '0 ms'
  if (seconds >= 0.5) return `${stripZeros(significant(seconds, 3))} s`
  const ms = seconds * 1000
  return ms < 0.001 ? '< 0.001 ms' : `${stripZeros(significant(ms, 3))} ms`
}

/** A count with commas, from a million in words: '16,190', '1.39 million'; '–' for null. */
export function formatCount(count: number | null): string {
  if (isUnknown(count)) return missing
  if (Math.abs(count) >= 1e6) return `${stripZeros(significant(count / 1e6, 3))} million`
  return Math.round(count).toLocaleString('en-US')
}

const magnitudes = [
  [1e12, ' T'],
  [1e9, ' G'],
  [1e6, ' M'],
  [1e3, ' k'],
] as const

/** An amount of some unit, three digits: '0.62', '512', '1.2 G'; '–' for null. */
export function formatAmount(amount: number | null): string {
  if (isUnknown(amount)) return missing
  const [unit, suffix] = magnitudes.find(([least]) => Math.abs(amount) >= least) ?? [1, '']
  return `${stripZeros(significant(amount / unit, 3))}${suffix}`
}

/** A span of time from its seconds: '40 s', '8 min 30 s', '34 min', '1 h 20 min'; from ten minutes without seconds. */
export function formatDuration(seconds: number | null): string {
  if (isUnknown(seconds)) return missing
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** The time of day in UTC, 'HH:MM', with ':SS' on demand; `at` is Unix milliseconds; '–' for null. */
export function formatTime(at: number | null, withSeconds = false): string {
  if (isUnknown(at)) return missing
  return new Date(at).toISOString().slice(11, withSeconds ? 19 : 16)
}
