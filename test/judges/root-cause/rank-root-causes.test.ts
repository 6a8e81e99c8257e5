import { describe, expect, it } from 'vitest'
import { excursionOf, windowRise } from '../../../src/judges/root-cause/excursion.ts'
import type { NodeRow, NodeRows } from '../../../src/judges/root-cause/node-rows.ts'
import { rankRootCauses } from '../../../src/judges/root-cause/rank-root-causes.ts'
import { random } from '../../stats/random.ts'

type Change = { readonly slower?: number; readonly failing?: number; readonly sinceRow?: number }

/** A node in 600 normal rows and 5 current ones, changed from a row on. */
function nodeOf(node: string, seed: number, { slower = 1, failing = 0, sinceRow = 2 }: Change = {}): NodeRows {
  const { normal } = random(seed)
  const row = (factor: number, failedShare: number): NodeRow => {
    return { requests: 200, latencySeconds: 0.05 * factor * Math.exp(0.1 * normal()), failedShare }
  }
  return {
    node,
    baseline: Array.from({ length: 600 }, () => row(1, 0)),
    current: Array.from({ length: 5 }, (_, at) => (at < sinceRow ? row(1, 0) : row(slower, failing))),
  }
}

const calls = [
  { caller: 'site', callee: 'search' },
  { caller: 'search', callee: 'table' },
]

function shop(changes: Readonly<Record<string, Change>>): NodeRows[] {
  return ['site', 'search', 'table', 'queue'].map((node, at) => nodeOf(node, at + 1, changes[node]))
}

describe('root causes', () => {
  it('the deepest anomalous node is the first, although its callers are louder', () => {
    const nodes = shop({ site: { slower: 9 }, search: { slower: 30 }, table: { slower: 4 } })
    const { ranked, isIssue } = rankRootCauses({ nodes, calls })
    expect(isIssue).toBe(true)
    expect(ranked.map(({ node }) => node)).toEqual(['table', 'search', 'site', 'queue'])
    expect(ranked[1]).toMatchObject({ symptom: 'latency', isAnomalous: true, explainedBy: ['table'] })
    expect(rankRootCauses({ nodes, calls: [] }).ranked[0]!.node).toBe('search')
  })

  it('a slow callee does not explain a failing caller', () => {
    const { ranked } = rankRootCauses({ nodes: shop({ search: { failing: 0.2 }, table: { slower: 3 } }), calls })
    expect(ranked[0]).toMatchObject({ node: 'search', symptom: 'failures', explainedBy: [] })
  })

  it('what was so before the window began is old', () => {
    const judged = rankRootCauses({ nodes: shop({ table: { slower: 9, sinceRow: 0 } }), calls })
    expect(judged.isIssue).toBe(false)
  })

  it('normal windows are taken for issues in about alpha of the cases', () => {
    let issues = 0
    for (let run = 0; run < 200; run++) {
      const nodes = [nodeOf('a', 5000 + 2 * run), nodeOf('b', 5001 + 2 * run)]
      if (rankRootCauses({ nodes, calls: [], alpha: 0.05 }).isIssue) issues += 1
    }
    expect(issues).toBeLessThanOrEqual(20)
  })

  it('too little normal operation can rank but never prove', () => {
    const short = shop({ table: { slower: 9 } }).map((rows) => ({ ...rows, baseline: rows.baseline.slice(0, 200) }))
    const judged = rankRootCauses({ nodes: short, calls })
    expect(judged).toMatchObject({ isIssue: false, normalStretches: 40, p: 1 / 41 })
    expect(judged.ranked[0]!.node).toBe('table')
  })

  it.each([
    ['no nodes', [], /got none/],
    ['one name twice', [nodeOf('a', 1), nodeOf('a', 2)], /twice/],
    ['unequal rows', [nodeOf('a', 1), { ...nodeOf('b', 2), current: [] }], /as many rows/],
  ])('%s are refused', (_, nodes, message) => {
    expect(() => rankRootCauses({ nodes, calls: [] })).toThrow(message)
  })
})

describe('an excursion', () => {
  it.each([
    [[0, 5, 9, 7], 7],
    [[2, 5, 9, 7], 5],
    [[-3, 5, 9, 7], 7],
    [[null, null, 4, 1], 1],
    [[0, null, 4, null], null],
    [[], null],
  ])('of z %j rises by %s', (z, rise) => {
    expect(windowRise(z)).toBe(rise)
  })

  it('counts failures in requests: one failing request is not louder than its own size', () => {
    const excursion = excursionOf(nodeOf('a', 1, { failing: 1 / 200 }), 'failures')
    expect(excursion).toMatchObject({ loudness: 1, isAnomalous: false })
  })

  it('of a node without measurements is none', () => {
    const silent = { requests: 0, latencySeconds: null, failedShare: null }
    const { baseline } = nodeOf('a', 1)
    expect(excursionOf({ node: 'a', baseline, current: Array(5).fill(silent) }, 'latency')).toBeNull()
    expect(
      excursionOf({ node: 'a', baseline: Array(600).fill(silent), current: baseline.slice(0, 5) }, 'latency'),
    ).toBeNull()
  })

  it.each([
    [{ requests: 1, latencySeconds: 0, failedShare: null }, 'latency'],
    [{ requests: 1, latencySeconds: 1, failedShare: 1.5 }, 'failures'],
  ] as const)('of %j is refused', (row, symptom) => {
    const { baseline } = nodeOf('a', 1)
    expect(() => excursionOf({ node: 'a', baseline, current: [row, row, row] }, symptom)).toThrow(RangeError)
  })
})
