import { describe, expect, it } from 'vitest'
import type { Metric, Verdict } from '../../deploy/demo/davy-client.ts'
import {
  formatClock,
  formatEValue,
  lookHeader,
  lookLine,
  storyFaults,
  verdictLines,
} from '../../deploy/demo/verdict-lines.ts'

const errorRate: Metric = {
  name: 'error-rate',
  kind: 'proportion',
  finding: 'harm-shown',
  baseline: { value: 0.02, samples: 1200, pods: 3 },
  canary: { value: 0.121, samples: 1180, pods: 3 },
  effect: { ratio: 6.05, low: 3.2, high: 11.4, promoteMargin: 3 },
  promoteProof: 'ratio',
  where: [{ attribute: 'http.route', value: 'POST /pay', ratio: 6.1 }],
}

const rollback: Verdict = {
  decision: 'rollback',
  final: true,
  look: 4,
  reason: { code: 'HARM_SHOWN', summary: 'checkout 2.0.1 fails 12.1% (POST /pay).', detail: 'Look at payments.' },
  confidence: { falseRollbackRate: 0.01, falsePromoteRate: 0.05, eValue: 812, promoteEValue: 0.001 },
  expectedDecisionAt: null,
  metrics: [errorRate],
  template: { name: 'demo-shop', digest: 'sha256:0' },
  reportUrl: 'http://127.0.0.1:8080/deployments/1',
}

const promote: Verdict = {
  ...rollback,
  decision: 'promote',
  final: false,
  reason: { code: 'HARM_RULED_OUT', summary: 'checkout 2.0.2 is no worse.' },
  metrics: [
    { ...errorRate, finding: 'harm-ruled-out', where: [] },
    {
      ...errorRate,
      name: 'latency',
      kind: 'distribution',
      finding: 'harm-ruled-out',
      effect: { ratio: 1, low: 0.9, high: null, promoteMargin: 1.5157 },
      where: [],
    },
  ],
}

const plain = (_style: unknown, text: string) => text

describe('a look in one line', () => {
  it('stands under its header, column by column', () => {
    const hold: Verdict = {
      ...rollback,
      decision: 'hold',
      reason: { code: 'UNDERPOWERED', summary: '' },
      expectedDecisionAt: '2026-11-21T10:00:25Z',
    }
    const line = lookLine(hold, 71, 50, Date.parse('2026-11-21T10:00:00Z'))
    expect(line).toMatch(
      /^ +1:11 +50% +1200 +1180 +2\.0% +12\.1% +812 +<0\.01 {3}hold UNDERPOWERED, decision in ~25 s$/,
    )
    const header = lookHeader(hold, '2.0.0', '2.0.1').at(-1) ?? ''
    expect(header).toMatch(/time +weight +2\.0\.0 +2\.0\.1 +2\.0\.0 +2\.0\.1 +≥ 100 +≥ 20 {3}answer$/)
    expect(header.indexOf('answer')).toBe(line.indexOf('hold'))
  })

  it('shows a dash where there is no figure yet', () => {
    expect(lookLine({ ...rollback, metrics: [] }, 0, 50, 0)).toMatch(/0:00 +50% +- +- +- +- +812/)
  })

  it('writes e-values short', () => {
    expect([0, 0.001, 0.31, 9.94, 9.96, 812.4, 9999.6, 1e300].map(formatEValue)).toEqual([
      '0.0',
      '<0.01',
      '0.31',
      '9.9',
      '10',
      '812',
      '1.0e4',
      '1.0e300',
    ])
  })

  it('writes seconds as minutes', () => {
    expect([0, 9.9, 60, 725].map(formatClock)).toEqual(['0:00', '0:09', '1:00', '12:05'])
  })
})

describe('a decision with its evidence', () => {
  it('names the place, the template and the report page', () => {
    const text = verdictLines(rollback, 41.3, plain).join('\n')
    for (const part of [
      'ROLLBACK',
      'at POST /pay 6.10x',
      'demo-shop',
      rollback.reportUrl,
      'Look at payments.',
      '41 s',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('says in words which harm a promote ruled out', () => {
    const text = verdictLines(promote, 80, plain).join('\n')
    expect(text).toContain('error-rate: tripling ruled out')
    expect(text).toContain('latency: +52% ruled out')
  })

  it('says so when the proof was the low rate itself and not the ratio', () => {
    const byFloor: Verdict = {
      ...promote,
      metrics: [{ ...errorRate, finding: 'harm-ruled-out', promoteProof: 'floor' }],
    }
    const text = verdictLines(byFloor, 80, plain).join('\n')
    expect(text).toContain('by its own low rate')
    expect(text).not.toContain('tripling')
  })

  it('writes an open interval as open', () => {
    const open: Metric = {
      ...errorRate,
      finding: 'undecided',
      effect: { ratio: null, low: 0, high: null, promoteMargin: 3 },
    }
    expect(verdictLines({ ...rollback, metrics: [open] }, 80, plain).join('\n')).toContain('0.00x to any')
  })
})

describe('what is wrong with the story', () => {
  it('is nothing when the bad release was rolled back by its route and the good one promoted', () => {
    expect(storyFaults(rollback, promote)).toEqual([])
  })

  it('is nothing when only the sentence names the route', () => {
    expect(storyFaults({ ...rollback, metrics: [] }, promote)).toEqual([])
  })

  it('is a rollback that does not name the route', () => {
    const nameless: Verdict = { ...rollback, metrics: [], reason: { code: 'HARM_SHOWN', summary: 'worse (GET /cart)' } }
    expect(storyFaults(nameless, promote)).toEqual([expect.stringContaining('name POST /pay')])
  })

  it('is every other pair of answers', () => {
    expect(storyFaults(promote, promote)).toEqual([expect.stringContaining('expected rollback, got promote')])
    expect(storyFaults(rollback, rollback)).toEqual([expect.stringContaining('expected promote, got rollback')])
    expect(storyFaults(null, null)).toHaveLength(2)
  })
})
