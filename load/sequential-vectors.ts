import { asymptoticHalfWidths } from '../src/stats/asymptotic-interval.ts'
import { bettingLogE } from '../src/stats/betting-evidence.ts'
import { combineLogE } from '../src/stats/combine-evidence.ts'
import { distributionBandRadius } from '../src/stats/distribution-band.ts'
import { eBenjaminiHochberg } from '../src/stats/e-benjamini-hochberg.ts'
import { eDetectors } from '../src/stats/e-detector.ts'
import { forecastLogE } from '../src/stats/forecast-process.ts'
import { gaugeLogE } from '../src/stats/gauge-evidence.ts'
import { type GaugeNull, gaugeProcess } from '../src/stats/gauge-process.ts'
import { bucketShift, sketchBucket, sketchGamma } from '../src/stats/log-histogram.ts'
import { pairedLogE } from '../src/stats/paired-evidence.ts'
import { pearsonDispersion } from '../src/stats/pearson-dispersion.ts'
import { podVariance } from '../src/stats/pod-variance.ts'
import { informationNeeded, ratioInformation } from '../src/stats/power.ts'
import {
  addBlock,
  blockLogLikelihood,
  noEvidence,
  ratioLogE,
  ratioModel,
  ratioPrior,
  type Stratum,
  swapArms,
} from '../src/stats/ratio-process.ts'
import { robustZ } from '../src/stats/robust-z.ts'
import { splitLogE } from '../src/stats/split-evidence.ts'
import { sprtLogE } from '../src/stats/sprt.ts'

type Blocks = readonly (readonly [xc: number, xb: number, nc: number, nb: number])[]
type Overdispersion = { tau: number; sigb: number; eps: number; phi: number }

/** log E after every block. */
function runRatio(blocks: Blocks, r0: number, model: Overdispersion, isSwapped: boolean): number[] {
  const ratio = ratioModel(r0, model)
  const prior = ratioPrior(model.tau)
  let evidence = noEvidence()
  return blocks.map(([xc, xb, nc, nb]) => {
    const strata = [{ xc, nc, xb, nb }]
    evidence = addBlock(evidence, blockLogLikelihood(ratio, isSwapped ? swapArms(strata) : strata))
    return ratioLogE(evidence, prior)
  })
}

/**
 * Every kind of reference vector in test/stats/vectors.json as a call of the product's own functions: takes a vector's
 * `input`, returns what its `expected` holds under the same names. Throws on inputs of another shape.
 */
// biome-ignore lint/suspicious/noExplicitAny: each kind has its own input, read from JSON
export const sequentialKinds: Readonly<Record<string, (input: any) => unknown>> = {
  sprt2: (input: Stratum & { r1: number; r0: number; phi: number }) => ({
    logE: sprtLogE(input, input.r1, input.r0, input.phi),
  }),
  ratioGrid: (input: Overdispersion & { blocks: Blocks; r0: number }) => ({
    logE: runRatio(input.blocks, input.r0, input, false),
  }),
  promote: (input: Overdispersion & { blocks: Blocks; rP: number }) => ({
    logE: runRatio(input.blocks, 1 / input.rP, input, true),
  }),
  poissonForecast: (input: { obs: [number, number][]; r0: number; tau: number }) => ({
    logE: forecastLogE(input.obs, input),
  }),
  gaussBF: (input: { d: number; v: number; tau: number; rho: number }) => ({ logE: gaugeLogE(input) }),
  ar1: (input: GaugeNull & { logRatioBlocks: number[]; delta: number; rho: number }) => {
    const { information, mean, logE } = gaugeProcess(input.logRatioBlocks, input)
    return { info: information, mean, logE }
  },
  asympCS: (input: { t: number; sd: number; rho2: number; alpha: number }) => {
    const { twoSided, oneSided } = asymptoticHalfWidths(input.t, input.sd, input.rho2, input.alpha)
    return { two: twoSided, one: oneSided }
  },
  srm: (input: { counts: number[]; theta0: number[]; k: number }) => ({
    logE: splitLogE(input.counts, input.theta0, input.k),
  }),
  pairedBeta: (input: { b: number; c: number; theta0: number; a0: number; b0: number }) => ({
    logE: pairedLogE(input.b, input.c, input),
  }),
  betting: (input: { D: number[]; delta: number; lam: number }) => ({
    logE: bettingLogE(input.D, input.delta, input.lam),
  }),
  edetector: (input: { e: number[] }) => {
    const { shiryaevRoberts, cusum } = eDetectors(input.e)
    return { sr: shiryaevRoberts, cusum }
  },
  dkwSeq: (input: { t: number; m: number; alpha: number }) => ({
    radius: distributionBandRadius(input.t, input.m, input.alpha),
  }),
  phiPearson: (input: { x: number[][] }) => ({ phi: pearsonDispersion(input.x) }),
  tauDL: (input: { x: number[][]; n: number[][] }) => {
    const found = podVariance(input.x, input.n)
    return { phi: found?.phi, Q: found?.q, tau: found?.tau }
  },
  robustZ: (input: { history: number[]; x: number }) => ({ z: robustZ(input.history, input.x) }),
  combine: (input: { logE: number[]; w: number[] }) => ({ logE: combineLogE(input.logE, input.w) }),
  ebh: (input: { e: number[]; alpha: number }) => ({ rejected: eBenjaminiHochberg(input.e, input.alpha) }),
  eta: (input: { lamC: number; lamB: number; r1: number; r0: number; phi: number; tau: number; alpha: number }) => {
    const needed = informationNeeded(Math.log(input.r1 / input.r0), input.tau, input.alpha)
    return { seconds: needed === null ? null : needed / ratioInformation(input.lamC, input.lamB, input.phi) }
  },
  bucketShift: (input: { valueMs: number; relAccuracy: number; margin: number }) => {
    const gamma = sketchGamma(input.relAccuracy)
    const shift = bucketShift(1 + input.margin, gamma)
    return { index: sketchBucket(input.valueMs, gamma), shift, effectiveMargin: gamma ** shift - 1 }
  },
}
