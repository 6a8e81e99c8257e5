import { describe, expect, it } from 'vitest'
import { rateBins } from '../../../src/report/charts/rate-bins.ts'
import { reportInput } from '../fixtures.ts'

describe('the bins of a rate', () => {
  it('lose no request and are widened until they say something', () => {
    const { looks } = reportInput('rollback')
    const bins = rateBins(looks)
    const requests = bins.reduce((sum, bin) => sum + bin.canary.requests, 0)
    const errors = bins.reduce((sum, bin) => sum + bin.canary.errors, 0)
    expect(requests).toBe(looks.reduce((sum, look) => sum + look.slice.canary.requests, 0))
    expect(errors).toBe(looks.reduce((sum, look) => sum + look.slice.canary.errors, 0))
    for (const bin of bins.slice(0, -1)) expect(bin.to - bin.from).toBeGreaterThanOrEqual(30_000)
  })

  it('are at most forty and a few for a thousand looks', () => {
    expect(rateBins(reportInput('thousand-looks').looks).length).toBeLessThanOrEqual(41)
  })

  it('a time without canary requests stays a gap', () => {
    const { looks } = reportInput('rollback')
    const silent = looks.map((look, index) =>
      index === 8
        ? { ...look, slice: { ...look.slice, canary: { ...look.slice.canary, requests: 0, errors: 0 } } }
        : look,
    )
    expect(rateBins(silent).filter((bin) => bin.canary.requests === 0)).toHaveLength(1)
  })

  it('there is none before the first look', () => {
    expect(rateBins([])).toEqual([])
  })
})
