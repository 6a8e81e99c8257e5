import { describe, expect, test } from 'vitest'
import { metricOptions } from '../../../src/judges/kayenta/metric-options.ts'
import { optionsOf } from './metric.ts'

describe('the options of a metric', () => {
  test('nothing configured: both directions, NaN removed, outliers kept, nothing critical', () => {
    const defaults = {
      direction: 'either',
      nanStrategy: 'remove',
      outlierFactor: null,
      isCritical: false,
      mustHaveData: false,
      isMuted: false,
      measure: 'meanRatio',
      allowed: { increase: 1, decrease: 1 },
      critical: { increase: 1, decrease: 1 },
    }
    expect(optionsOf()).toEqual(defaults)
    expect(metricOptions({ name: 'm' }, '')).toEqual(defaults)
    expect(metricOptions({ name: 'm', analysisConfigurations: null }, '')).toEqual(defaults)
  })

  test('the common-language effect has no effect at one half', () => {
    const options = optionsOf({ effectSize: { measure: 'cles', allowedIncrease: 0.7 } })
    expect(options).toMatchObject({ measure: 'cles', allowed: { increase: 0.7, decrease: 0.5 } })
    expect(options.critical).toEqual({ increase: 0.5, decrease: 0.5 })
  })

  test('outliers are removed at three interquartile ranges unless another factor is given', () => {
    expect(optionsOf({ outliers: { strategy: 'remove' } }).outlierFactor).toBe(3)
    expect(optionsOf({ outliers: { strategy: 'remove', outlierFactor: 1.5 } }).outlierFactor).toBe(1.5)
    expect(optionsOf({ outliers: { strategy: 'keep', outlierFactor: -1 } }).outlierFactor).toBeNull()
  })

  test.each([
    ['direction', 'Increase', 'either'],
    ['direction', 'decrease', 'decrease'],
    ['nanStrategy', 'drop', 'remove'],
    ['nanStrategy', 'replace', 'replace'],
  ])('%s: %s means %s', (key, given, meant) => {
    expect(optionsOf({ [key]: given })).toMatchObject({ [key]: meant })
  })

  test.each([
    [{ critical: 'true' }, '/canary/critical: expected true or false, got "true"'],
    [{ mustHaveData: 1 }, '/canary/mustHaveData: expected true or false, got 1'],
    [{ muted: 'no' }, '/canary/muted: expected true or false, got "no"'],
    [{ direction: 1 }, '/canary/direction: expected a string, got 1'],
    [{ effectSize: { allowedIncrease: '1.1' } }, '/canary/effectSize/allowedIncrease: expected a number, got "1.1"'],
    [{ effectSize: [] }, '/canary/effectSize: expected an object, got []'],
    [
      { outliers: { strategy: 'remove', outlierFactor: 0 } },
      '/canary/outliers/outlierFactor: expected a number above 0, got 0',
    ],
  ])('refuses %j and says where', (canary, text) => {
    expect(() => optionsOf(canary)).toThrow(
      expect.objectContaining({ code: 'VALIDATION', message: `/metrics/0/analysisConfigurations${text}` }),
    )
  })
})
