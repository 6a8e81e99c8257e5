import { sortedSample } from '../../stats/sorted-sample.ts'

const hourMs = 3_600_000
const keptMs = 28 * 24 * hourMs

/** Values of an hour of the day that make its median worth more than the last values'. */
const fewestOfTheHour = 6

/** What a series is expected to be, from its past alone. */
export type HourlyExpectation = {
  /** The expected value at a time; undefined before the first value. */
  at(ms: number): number | undefined
  add(ms: number, value: number): void
}

/**
 * The median of the past four weeks' values at the same hour of the day (UTC). Where those are fewer than six, the median of the
 * last twelve values of any hour: so a series without days, or in its first one, is compared with its newest past.
 */
export function hourlyExpectation(): HourlyExpectation {
  const newest = sortedSample(12)
  const hours = Array.from({ length: 24 }, () => ({ sample: sortedSample(), times: [] as number[] }))
  const hourOf = (ms: number) => hours[(((Math.floor(ms / hourMs) % 24) + 24) % 24) as number]!
  return {
    at(ms) {
      const { sample } = hourOf(ms)
      if (sample.values.length >= fewestOfTheHour) return sample.median()
      return newest.values.length === 0 ? undefined : newest.median()
    },
    add(ms, value) {
      newest.add(value)
      const { sample, times } = hourOf(ms)
      sample.add(value)
      times.push(ms)
      while (times[0]! < ms - keptMs) {
        times.shift()
        sample.dropOldest()
      }
    },
  }
}
