import { percentile } from '../../stats/percentile.ts'
import type { TelemetryWindow } from './telemetry-window.ts'

/**
 * The median CPU usage of the service's pod that used most, null when nothing was measured. Only values whose interval
 * overlaps the window's coverage count: gauges are often cut from a longer stretch, which still holds what happened
 * before. A dead pod's zeros do not count.
 */
export function windowCpu({ coverage, cpu }: TelemetryWindow, service: string): number | null {
  const medians = cpu
    .filter((pod) => pod.service === service)
    .map(({ intervalSeconds, points }) =>
      points.flatMap(([time, value]) => {
        const isOutside =
          coverage !== null && (time <= coverage.fromSeconds || time - intervalSeconds >= coverage.toSeconds)
        return isOutside || value === null || value <= 0 ? [] : [value]
      }),
    )
    .filter((values) => values.length > 0)
    .map((values) =>
      percentile(
        values.toSorted((a, b) => a - b),
        50,
      ),
    )
  return medians.length === 0 ? null : Math.max(...medians)
}
