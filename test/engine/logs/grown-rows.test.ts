import { expect, test } from 'vitest'
import { grownRows as grownInSteps } from '../../../src/engine/logs/grown-rows.ts'
import { atOnce } from '../../../src/judges/log-templates/steps.ts'
import type { NewSkeletonCount } from '../../../src/storage/log-templates-writer.ts'

const grownRows = (...rows: Parameters<typeof grownInSteps>) => atOnce(grownInSteps(...rows))

function row(skeleton: number, lines: number, more: Partial<NewSkeletonCount> = {}): NewSkeletonCount {
  return {
    ...{ at: 0, namespace: '', service: 'shop', environment: 'default', version: '1', cohort: '', replicaSet: '' },
    ...{
      pod: 'a',
      region: '',
      severity: 17,
      skeleton,
      lines,
      requests: lines,
      firstSeen: 1,
      lastSeen: 2,
      example: 'x',
    },
    ...more,
  }
}

test('all of what nobody has counted', () => {
  expect(grownRows([row(1, 3), row(2, 1)], [])).toEqual([row(1, 3), row(2, 1)])
})

test('only what came later of what is counted', () => {
  expect(grownRows([row(1, 5), row(2, 1)], [row(1, 3), row(2, 1)])).toEqual([row(1, 2)])
  expect(grownRows([row(1, 5)], [row(1, 5)])).toEqual([])
})

test('as many lines as there are, where lines have become part of another skeleton since', () => {
  const grown = grownRows([row(9, 8)], [row(1, 3), row(2, 4)])
  expect(grown.map(({ lines }) => lines)).toEqual([1])
})

test('a line whose trace has come since stays where it is', () => {
  expect(grownRows([row(1, 4, { version: '2' })], [row(1, 4, { version: '' })])).toEqual([])
})

test('an example once for each skeleton', () => {
  const grown = grownRows([row(1, 1), row(1, 1, { pod: 'b' }), row(2, 1)], [])
  expect(grown.filter(({ example }) => example !== '').map(({ skeleton }) => skeleton)).toEqual([1, 2])
})
