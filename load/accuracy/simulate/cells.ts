/**
 * Whether requests are independent with one rate, or overdispersed with all that `generate-traffic.ts` knows of real ones.
 * `extra` is as `od`, but a retry is a request more instead of one of those that come anyway; `uneven` is as `od`, but
 * pods differ by 50% instead of 15%.
 */
export type Noise = 'iid' | 'od' | 'extra' | 'uneven'

/** One kind of service and canary. */
export type Cell = {
  /** noise-requests per second-canary percent: `od-500-10`. */
  readonly name: string
  readonly noise: Noise
  readonly requestsPerSecond: number
  readonly canaryPods: number
}

/** Pods of both arms together, each with the same share of the traffic. */
export const podCount = 20

/** What a cell has in common with others of other canaries: their histories are alike, as those have no canary. */
export type Service = Pick<Cell, 'noise' | 'requestsPerSecond'>

/** Canary over baseline error rate: A/A, exactly on the margin, twice, and 0.5% to 5%. */
export const effects = [1, 1.25, 2, 10] as const

export type Effect = (typeof effects)[number]

const cells: readonly Cell[] = (['iid', 'od', 'extra', 'uneven'] as const).flatMap((noise) =>
  [5, 50, 500].flatMap((requestsPerSecond) =>
    [1, 2, 10].map((canaryPods) => ({
      name: `${noise}-${requestsPerSecond}-${canaryPercent(canaryPods)}`,
      noise,
      requestsPerSecond,
      canaryPods,
    })),
  ),
)

/** What is simulated when no cell is named. */
export const usualCells = cells.filter(({ noise }) => noise === 'iid' || noise === 'od')

/** The canary's share of the traffic in percent. */
export function canaryPercent(canaryPods: number): number {
  return (100 * canaryPods) / podCount
}

/**
 * The cells of these names; the start of a name up to a dash (`od`, `iid-50`) stands for all that begin with it.
 *
 * @throws RangeError when a name stands for none
 */
export function cellsNamed(names: readonly string[]): readonly Cell[] {
  const matches = (cell: Cell, name: string): boolean => cell.name === name || cell.name.startsWith(`${name}-`)
  const unknown = names.find((name) => !cells.some((cell) => matches(cell, name)))
  if (unknown !== undefined) {
    throw new RangeError(`--only: expected one of ${cells.map(({ name }) => name).join(', ')}, got ${unknown}`)
  }
  return cells.filter((cell) => names.some((name) => matches(cell, name)))
}
