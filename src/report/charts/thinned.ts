import type { Point } from './svg.ts'

const columns = 500

/** At most two points per column of a long line, its lowest and its highest, so that no spike is lost. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= 2 * columns) return points
  const kept: Point[] = []
  let column: Point[] = []
  const close = () => {
    const lowest = column.reduce((a, b) => (b[1] > a[1] ? b : a))
    const highest = column.reduce((a, b) => (b[1] < a[1] ? b : a))
    kept.push(...(lowest === highest ? [lowest] : lowest[0] < highest[0] ? [lowest, highest] : [highest, lowest]))
  }
  for (const point of points) {
    const open = column[0]
    if (open !== undefined && Math.floor(open[0] * columns) !== Math.floor(point[0] * columns)) {
      close()
      column = []
    }
    column.push(point)
  }
  if (column.length > 0) close()
  return kept
}
