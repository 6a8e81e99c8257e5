import { armTau, coldStart } from '../../../src/judges/sequential/cold-start.ts'
import {
  harmEvidence,
  harmlessEvidence,
  logEvidence,
  withBlock,
} from '../../../src/judges/sequential/ratio-evidence.ts'
import { ratioPrior, type Stratum } from '../../../src/stats/ratio-process.ts'
import { machine } from './machine.ts'
import { randomSource } from './random-source.ts'

const metrics = 200
const looks = 300
const warmUp = 30
const mostMilliseconds = 20

/**
 * `node load/accuracy/simulate/look-cost.ts`: what one look over 200 metrics costs on one core, 76-point grids with the
 * kernel of the cold start. A look adds the open block to the closed ones and reads log E, as the judge does for the
 * evidence of harm; then the same for all three that an error metric keeps: harm, no harm within operations, no harm over
 * all requests.
 */
function main(): void {
  const prior = [ratioPrior(armTau(coldStart.tauPod, 1, 19))]
  const random = randomSource('look-cost')
  const blocks = Array.from({ length: metrics }, (): readonly Stratum[] => [
    { xc: random.poisson(8), nc: 1500, xb: 1 + random.poisson(140), nb: 28_500 },
  ])
  const start = blocks.map((block) => ({
    harm: withBlock(harmEvidence(1.25), block),
    harmless: withBlock(harmlessEvidence(2), block),
  }))
  const harmOnly = milliseconds(() => {
    let sum = 0
    for (const [i, { harm }] of start.entries()) sum += logEvidence(withBlock(harm, blocks[i]!), prior)
    return sum
  })
  const all = milliseconds(() => {
    let sum = 0
    for (const [i, { harm, harmless }] of start.entries()) {
      for (const evidence of [harm, harmless, harmless]) sum += logEvidence(withBlock(evidence, blocks[i]!), prior)
    }
    return sum
  })
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${machine()}; one core, ${looks} looks over ${metrics} metrics`,
  )
  console.log(line('evidence of harm, kernel on', harmOnly))
  console.log(line('harm and both promote proofs', all))
}

function milliseconds(look: () => number): { readonly median: number; readonly p95: number } {
  const times: number[] = []
  for (let i = 0; i < warmUp + looks; i++) {
    const started = performance.now()
    // Reading the sum keeps the work from being optimised away.
    if (!Number.isFinite(look())) throw new Error('expected a finite log E, so what was measured is no look')
    if (i >= warmUp) times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  return { median: times[Math.floor(looks / 2)]!, p95: times[Math.floor(looks * 0.95)]! }
}

function line(what: string, { median, p95 }: { readonly median: number; readonly p95: number }): string {
  const standing = median <= mostMilliseconds ? 'reached' : 'NOT REACHED'
  return `${what}: median ${median.toFixed(1)} ms, 95% within ${p95.toFixed(1)} ms; at most ${mostMilliseconds} ms: ${standing}`
}

main()
