import { DavyError } from '../../domain/errors.ts'
import type { CanaryMetricConfig } from './canary-config.ts'

export type Direction = 'increase' | 'decrease' | 'either'

/** `analysisConfigurations.canary` of one metric, checked and completed. */
export type MetricOptions = {
  readonly direction: Direction
  readonly nanStrategy: 'remove' | 'replace'
  /** null: outliers are kept. */
  readonly outlierFactor: number | null
  readonly isCritical: boolean
  readonly mustHaveData: boolean
  readonly isMuted: boolean
  readonly measure: 'meanRatio' | 'cles'
  /** High and Low need an effect at least this far: ratios, or probabilities when the measure is cles. */
  readonly allowed: EffectThresholds
  /** The same for the failure of a critical metric. */
  readonly critical: EffectThresholds
}

export type EffectThresholds = { readonly increase: number; readonly decrease: number }

type Section = { readonly path: string; readonly fields: Readonly<Record<string, unknown>> }

/**
 * The options of one metric. Unknown words fall back as Kayenta's do (`direction` to either, strategies to their
 * default); a wrong type is refused, as there, because the policy was not understood.
 *
 * @param where a JSON pointer to the metric
 * @throws DavyError VALIDATION
 */
export function metricOptions(config: CanaryMetricConfig, where: string): MetricOptions {
  const root: Section = { path: `${where}/analysisConfigurations`, fields: config.analysisConfigurations ?? {} }
  const canary = section(root, 'canary')
  const outliers = section(canary, 'outliers')
  const effect = section(canary, 'effectSize')
  const measure = word(effect, 'measure') === 'cles' ? 'cles' : 'meanRatio'
  const neutral = measure === 'cles' ? 0.5 : 1
  return {
    direction: directionOf(word(canary, 'direction')),
    nanStrategy: word(canary, 'nanStrategy') === 'replace' ? 'replace' : 'remove',
    outlierFactor: word(outliers, 'strategy') === 'remove' ? outlierFactor(outliers) : null,
    isCritical: flag(canary, 'critical'),
    mustHaveData: flag(canary, 'mustHaveData'),
    isMuted: flag(canary, 'muted'),
    measure,
    allowed: {
      increase: figure(effect, 'allowedIncrease', neutral),
      decrease: figure(effect, 'allowedDecrease', neutral),
    },
    critical: {
      increase: figure(effect, 'criticalIncrease', neutral),
      decrease: figure(effect, 'criticalDecrease', neutral),
    },
  }
}

function directionOf(text: string | undefined): Direction {
  return text === 'increase' || text === 'decrease' ? text : 'either'
}

function outlierFactor(outliers: Section): number {
  const factor = figure(outliers, 'outlierFactor', 3)
  if (!(factor > 0)) throw refusal(outliers, 'outlierFactor', 'a number above 0')
  return factor
}

function section(parent: Section, key: string): Section {
  const value = parent.fields[key] ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) throw refusal(parent, key, 'an object')
  return { path: `${parent.path}/${key}`, fields: value as Record<string, unknown> }
}

function word(parent: Section, key: string): string | undefined {
  const value = parent.fields[key] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw refusal(parent, key, 'a string')
  return value
}

function flag(parent: Section, key: string): boolean {
  const value = parent.fields[key] ?? false
  if (typeof value !== 'boolean') throw refusal(parent, key, 'true or false')
  return value
}

function figure(parent: Section, key: string, ifMissing: number): number {
  const value = parent.fields[key] ?? ifMissing
  if (typeof value !== 'number' || Number.isNaN(value)) throw refusal(parent, key, 'a number')
  return value
}

function refusal(parent: Section, key: string, expected: string): DavyError {
  const where = `${parent.path}/${key}`
  const got = JSON.stringify(parent.fields[key])
  return new DavyError('VALIDATION', `${where}: expected ${expected}, got ${got}`, { expected, got, where })
}
