import { clumping } from './clumping.ts'
import { learnBlockEffect } from './learn-block-effect.ts'
import { learnPodEffect } from './learn-pod-effect.ts'
import { type BlockEffect, type Placebo, placeboOf } from './placebo-evidence.ts'
import type { PodBlock } from './pod-history.ts'

const mostPhi = 4

/** Below this many degrees of freedom phi is not known to 10% even without clumps. */
const leastFreedom = 200

/** The overdispersion of a service's own history: what takes the place of the judge's cold start. */
export type LearnedNull = {
  /** Standard deviation of one pod's own effect on a log-ratio. */
  readonly tauPod: number
  /** Standard deviation of one block's own effect on a log-ratio. */
  readonly sigb: number
  /** Share of blocks that are bursts. */
  readonly eps: number
  /** Variance of counts over Poisson's. */
  readonly phi: number
  /** What it was learned from: blocks that compare pods, and pods that were there long enough. */
  readonly blocks: number
  readonly pods: number
}

/** What is taken for granted without a history: its tauPod and eps are above 0. */
export type ExpectedNull = BlockEffect & { readonly tauPod: number }

/** Least of history to learn from, and the canary's size. */
export type LearningRules = {
  readonly leastPods: number
  /** Of a pod and, with at least two pods in each, of all; one hour and four at 60 s a block. */
  readonly leastBlocksPerPod: number
  readonly leastBlocks: number
  /** Pods of a placebo for (sigb, eps). 1 is the most careful: effects of single pods' blocks average out in more. */
  readonly canaryPods: number
}

export const defaultLearningRules: LearningRules = {
  leastPods: 6,
  leastBlocksPerPod: 60,
  leastBlocks: 240,
  canaryPods: 1,
}

/** `reason` says what is missing: then the judge goes on with its cold start. */
export type Learning =
  | { readonly learned: LearnedNull; readonly reason: null }
  | { readonly learned: null; readonly reason: string }

/**
 * Learns the null of the ratio process from the history of one version, in which no pod is a canary: whatever its pods
 * differ by is what a harmless canary may differ by. A history replaces what is expected without one as far as it knows
 * better.
 *
 * 1. phi: {@link clumping} of ticks inside blocks, clamped to [1, 4].
 * 2. (sigb, eps): every pod (or `canaryPods` of them, neighbours by name) plays the canary against the rest, and
 *    {@link learnBlockEffect} takes the pair nearest to the expected one that the blocks do not contradict.
 * 3. tauPod: single pods as placebos, and {@link learnPodEffect} takes what tau stays below with probability 84%.
 *
 * Placebos of one history overlap, so the likelihood is a composite one: right in its maximum, a little too sharp. What
 * the whole version does over time (drift, incidents of all pods) cancels, as in the process itself. The order of pods
 * does not matter; the same history gives the same.
 * Source: empirical Bayes, Robbins (1956).
 */
export function learnNull(
  history: readonly PodBlock[],
  expected: ExpectedNull,
  rules: LearningRules = defaultLearningRules,
): Learning {
  const blocks = history.filter((block) => presentPods(block).length >= 2)
  const pods = steadyPods(blocks, rules.leastBlocksPerPod)
  const leastPods = Math.max(rules.leastPods, rules.canaryPods + 1)
  if (blocks.length < rules.leastBlocks) {
    return missing(`expected at least ${rules.leastBlocks} blocks with two pods or more, got ${blocks.length}`)
  }
  if (pods.length < leastPods) {
    return missing(
      `expected at least ${leastPods} pods with ${rules.leastBlocksPerPod} blocks each, got ${pods.length}`,
    )
  }
  const { phi: raw, freedom } = clumping(blocks)
  if (raw === null || freedom < leastFreedom) {
    return missing(
      `expected events that give ${leastFreedom} degrees of freedom on clumping, got ${Math.floor(freedom)}`,
    )
  }
  const phi = Math.min(mostPhi, Math.max(1, raw))
  const { sigb, eps } = learnBlockEffect(placebosOf(pods, rules.canaryPods, blocks), phi, expected)
  const tauPod = learnPodEffect(placebosOf(pods, 1, blocks), phi, { sigb, eps }, expected.tauPod)
  return { learned: { tauPod, sigb, eps, phi, blocks: blocks.length, pods: pods.length }, reason: null }
}

function missing(reason: string): Learning {
  return { learned: null, reason }
}

function presentPods(block: PodBlock): string[] {
  return [...block].filter(([, ticks]) => ticks.some((tick) => tick.exposure > 0)).map(([pod]) => pod)
}

/** Pods that were there in so many blocks, by name. */
function steadyPods(blocks: readonly PodBlock[], leastBlocks: number): string[] {
  const presence = new Map<string, number>()
  for (const block of blocks) for (const pod of presentPods(block)) presence.set(pod, (presence.get(pod) ?? 0) + 1)
  return [...presence]
    .filter(([, count]) => count >= leastBlocks)
    .map(([pod]) => pod)
    .sort()
}

/** One placebo per pod: it and the next ones by name. */
function placebosOf(pods: readonly string[], size: number, blocks: readonly PodBlock[]): Placebo[] {
  const groups = pods.map((_, i) => Array.from({ length: size }, (_, k) => pods[(i + k) % pods.length]!))
  return groups.map((group) => placeboOf(group, blocks)).filter((placebo) => placebo !== null)
}
