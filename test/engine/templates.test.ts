import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Template } from '../../src/domain/template.ts'
import { defaultInstruments, requestInstruments } from '../../src/engine/request-source.ts'
import { readTemplates } from '../../src/engine/template-files.ts'
import { parseTemplate } from '../../src/engine/template-schema.ts'
import { quick } from './lab.ts'

const [first, second] = quick.metrics as [Template['metrics'][number], Template['metrics'][number]]

describe('the default template', () => {
  test('that ships parses, and is what the documents promise', () => {
    const shipped = readTemplates(null).find(({ name }) => name === 'default')
    expect(shipped).toMatchObject({ alpha: 0.01, alphaPromote: 0.05, lookSeconds: 10, blockSeconds: 60 })
    expect(shipped).toMatchObject({ watermarkSeconds: 20, onDeadline: 'hold', onSilence: 'hold', exposureMode: false })
    expect(shipped?.mode).toBeUndefined()
    const metrics = Object.fromEntries((shipped?.metrics ?? []).map((metric) => [metric.name, metric]))
    expect(metrics['error-rate']).toMatchObject({
      margin: 1.25,
      promoteMargin: 2,
      promoteFloor: 0.005,
      rollbackFloor: 0.001,
    })
    expect(metrics.latency).toMatchObject({ margin: 1.1, promoteMargin: 1.25, critical: true })
    const weights = (shipped?.metrics ?? []).reduce((sum, { weight }) => sum + weight, 0)
    expect(weights).toBeLessThanOrEqual(1)
  })
})

describe('what is no template is refused, with its place', () => {
  const metrics = (...changes: object[]) => ({
    metrics: [
      { ...first, ...changes[0] },
      { ...second, ...changes[1] },
    ],
  })
  test.each<{ name: string; change: object; where: string }>([
    { name: 'an unknown key', change: { alfa: 0.01 }, where: '' },
    { name: 'no budget', change: { alpha: 0 }, where: '/alpha' },
    { name: 'a look off the ticks', change: { lookSeconds: 15, blockSeconds: 30 }, where: '/lookSeconds' },
    { name: 'a block of broken looks', change: { blockSeconds: 35 }, where: '/blockSeconds' },
    { name: 'weights beyond the budget', change: metrics({ weight: 0.7 }), where: '/metrics' },
    { name: 'two metrics of one name', change: metrics({}, { name: 'error-rate' }), where: '/metrics/1/name' },
    { name: 'margins the wrong way round', change: metrics({ margin: 4 }), where: '/metrics/0/promoteMargin' },
    { name: 'an unknown kind', change: metrics({ kind: 'histogram' }), where: '/metrics/0/kind' },
    { name: 'a gauge of spans', change: metrics({ kind: 'gauge' }), where: '/metrics/0/source' },
    {
      name: 'a gauge without an instrument',
      change: metrics({ kind: 'gauge', source: 'metrics' }),
      where: '/metrics/0/instruments',
    },
    { name: 'spans by an instrument', change: metrics({ instruments: ['x'] }), where: '/metrics/0/instruments' },
    {
      name: 'errors of metrics beside latency of spans',
      change: metrics({ source: 'metrics' }),
      where: '/metrics/1/source',
    },
    {
      name: 'errors and latency of different instruments',
      change: metrics({ source: 'metrics' }, { source: 'metrics', instruments: ['x'] }),
      where: '/metrics/1/instruments',
    },
    { name: 'a margin below what two pods differ by', change: metrics({ margin: 1.01 }), where: '/metrics/0/margin' },
    { name: 'a quantile of 1', change: metrics({}, { quantiles: [1] }), where: '/metrics/1/quantiles/0' },
    { name: 'no metric', change: { metrics: [] }, where: '/metrics' },
    { name: 'a name that is a path', change: { name: '../etc' }, where: '/name' },
  ])('$name', ({ change, where }) => {
    expect(() => parseTemplate({ ...quick, ...change }, 'body', null)).toThrow(
      expect.objectContaining({ code: 'UNPROCESSABLE', where: expect.stringContaining(where) }),
    )
  })

  test('requests may be those of metrics, by the names of the conventions or by others', () => {
    const defaults = metrics({ source: 'metrics' }, { source: 'metrics', instruments: [...defaultInstruments] })
    expect(requestInstruments(parseTemplate({ ...quick, ...defaults }, 'body', null))).toEqual(defaultInstruments)
    const own = { source: 'metrics', instruments: ['shop.request.duration'] }
    expect(requestInstruments(parseTemplate({ ...quick, ...metrics(own, own) }, 'body', null))).toEqual(own.instruments)
    expect(requestInstruments(quick)).toBeNull()
  })

  test('a whole one is taken as it is', () => {
    expect(parseTemplate(quick, 'body', null)).toEqual(quick)
  })
})

describe('files', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'davy-templates-'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  test('a directory that is not there stops the start and names the variable', () => {
    expect(() => readTemplates(join(directory, 'none'))).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringMatching(/^DAVY_TEMPLATES_DIRECTORY: expected/),
      }),
    )
  })

  function withFile(text: string): readonly Template[] {
    writeFileSync(join(directory, 'own.yaml'), text)
    return readTemplates(directory)
  }

  test('add to those that ship and win by name', () => {
    const names = withFile(JSON.stringify({ ...quick, name: 'own' })).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['default', 'own']))
    const replaced = withFile(JSON.stringify({ ...quick, name: 'default' }))
    expect(replaced.find(({ name }) => name === 'default')?.blockSeconds).toBe(30)
  })

  test.each([
    { name: 'a fault', text: JSON.stringify({ ...quick, alpha: 2 }), says: /own\.yaml.*\/alpha/ },
    { name: 'what is no YAML', text: 'name: [', says: /own\.yaml/ },
    { name: 'what is no object', text: '- 1', says: /own\.yaml/ },
  ])('$name stops the start, naming the file', ({ text, says }) => {
    expect(() => withFile(text)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(says) }),
    )
  })
})
