import type { Resources } from './resources.ts'

const columns = [
  ['resident memory, MiB', ({ rssMiB }: Resources) => Math.round(rssMiB)],
  ['open files', ({ openFiles }: Resources) => openFiles],
  ['parts', ({ parts }: Resources) => parts],
  ['parts never merged', ({ freshParts }: Resources) => freshParts],
  ['partitions', ({ partitions }: Resources) => partitions],
] as const

/** What a run took, a line per look at it, with the seconds since the first one. */
export function csvOf(samples: readonly Resources[]): string {
  const rows = samples.map((each) => [secondsOf(each, samples), ...columns.map(([, of]) => of(each))])
  return [['seconds', ...columns.map(([what]) => JSON.stringify(what))], ...rows]
    .map((row) => `${row.join(',')}\n`)
    .join('')
}

const width = 860
const height = 120

/** The same drawn, a chart each, from zero to its highest value; SVG for a page. Nothing of fewer than two looks. */
export function chartsOf(samples: readonly Resources[]): string {
  if (samples.length < 2) return ''
  const lasted = secondsOf(samples.at(-1) as Resources, samples)
  return columns
    .map(([what, of]) => {
      const highest = Math.max(...samples.map(of), 1)
      const points = samples.map((each) => {
        const x = (width * secondsOf(each, samples)) / lasted
        return `${x.toFixed(1)},${(height - (height * of(each)) / highest).toFixed(1)}`
      })
      return `<figure><figcaption>${what}: at most ${highest}, over ${Math.round(lasted / 60)} min</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${what} over time"><polyline points="${points.join(' ')}"/></svg></figure>`
    })
    .join('\n')
}

function secondsOf({ at }: Resources, samples: readonly Resources[]): number {
  return Math.round((at - (samples[0]?.at ?? at)) / 1000)
}
