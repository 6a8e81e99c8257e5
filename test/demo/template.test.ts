import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Template } from '../../src/domain/template.ts'

const template = parse(readFileSync('deploy/demo/template.yaml', 'utf8')) as Template

describe('the demo template', () => {
  it('gives every key of a template', () => {
    const keys: Readonly<Record<keyof Template, true>> = {
      name: true,
      mode: true,
      alpha: true,
      alphaPromote: true,
      lookSeconds: true,
      blockSeconds: true,
      watermarkSeconds: true,
      warmUpSeconds: true,
      minimum: true,
      exposureMode: true,
      deadlineSeconds: true,
      onDeadline: true,
      onSilence: true,
      metrics: true,
    }
    expect(Object.keys(template).toSorted()).toEqual(Object.keys(keys).toSorted())
  })

  it('spends the whole budget, and holds when it cannot tell', () => {
    expect(template.metrics.reduce((sum, metric) => sum + metric.weight, 0)).toBe(1)
    expect([template.onDeadline, template.onSilence, template.exposureMode]).toEqual(['hold', 'hold', false])
  })

  it('has blocks of whole looks', () => {
    expect(template.lookSeconds % 10).toBe(0)
    expect(template.blockSeconds % template.lookSeconds).toBe(0)
  })
})
