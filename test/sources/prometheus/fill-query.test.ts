import { describe, expect, test } from 'vitest'
import { checkVariables, fillQuery, tellsArmsApart } from '../../../src/sources/fill-query.ts'
import { isSelector, promql } from '../../../src/sources/prometheus/promql.ts'
import type { QueryValues } from '../../../src/sources/query-values.ts'

const arm = (version: readonly string[], pod: readonly string[] = []) => ({ version, pod, replicaSet: [] })
const values: QueryValues = {
  ...{ service: 'shop', namespace: '', environment: 'production', arm: 'canary', windowSeconds: 10 },
  arms: { canary: arm(['2.0'], ['shop-2-a', 'shop.2-b']), baseline: arm(['1.0']) },
}

describe('a query with variables', () => {
  test.each([
    { query: `up{v="\${version}"}`, filled: 'up{v="2.0"}' },
    { query: `up{v=~"\${version}"}`, filled: 'up{v=~"2\\\\.0"}' },
    { query: `up{p=~"\${pod}"}`, filled: 'up{p=~"(?:shop-2-a|shop\\\\.2-b)"}' },
    { query: `up{p=~\`\${pod}\`}`, filled: 'up{p=~`(?:shop-2-a|shop\\.2-b)`}' },
    { query: `up{n=~"\${namespace:-.+}"}`, filled: 'up{n=~".+"}' },
    { query: `up{v="\${baseline.version}",c="\${cohort}"}`, filled: 'up{v="1.0",c="canary"}' },
    { query: `rate(up{s='\${service}'}[\${window}])`, filled: "rate(up{s='shop'}[10s])" },
    { query: 'up{a="\\"=~\\"",b="x"}', filled: 'up{a="\\"=~\\"",b="x"}' },
  ])('$query is filled in', ({ query, filled }) => {
    expect(checkVariables(query, promql)).toBeNull()
    expect(fillQuery(query, values, promql)).toBe(filled)
  })

  test.each(['"} or up{x="', '\\"} or up{x="', "'} or up{x='", '\n', '.*', `\${service}`, '2|1', '`'])(
    'the value %j stays a value in quotes and in patterns',
    (version) => {
      const own = { ...values, arms: { ...values.arms, canary: arm([version]) } }
      for (const query of [`up{v="\${version}"}`, `up{v='\${version}'}`, `up{v=~"\${version}"}`]) {
        const filled = fillQuery(query, own, promql)
        if (typeof filled !== 'string') throw new Error(filled.reason)
        expect(isSelector(filled)).toBe(true)
        expect(labelValue(filled, query.includes('=~'))).toBe(version)
      }
    },
  )

  test.each([
    { query: `up{p="\${pod}"}`, reason: '2 values' },
    { query: `up{n="\${namespace}"}`, reason: 'no value' },
    { query: `up{v=~"\${replicaSet}"}`, reason: 'no value' },
  ])('$query cannot be filled in', ({ query, reason }) => {
    expect(fillQuery(query, values, promql)).toMatchObject({ reason: expect.stringContaining(reason) })
  })

  test.each([
    { query: `up{v="\${versoin}"}`, expected: 'one of the variables' },
    { query: `\${service}_total`, expected: 'within the quotes' },
    { query: `up{n="\${namespace:-x}"}`, expected: 'only in a pattern' },
    { query: `up{v="\${version"}`, expected: 'one of the variables' },
  ])('$query is none', ({ query, expected }) => {
    expect(checkVariables(query, promql)?.expected).toContain(expected)
  })

  test('tells the arms apart only by what differs between them', () => {
    expect(tellsArmsApart(`up{v="\${version}"}`, promql)).toBe(true)
    expect(tellsArmsApart(`up{v="\${canary.version}",s="\${service}"}`, promql)).toBe(false)
  })

  test.each([
    { query: 'up', is: true },
    { query: 'up{a="b}"}', is: true },
    { query: '{__name__="up"}', is: true },
    { query: 'up[1m]', is: false },
    { query: 'up offset 1m', is: false },
    { query: 'sum(up)', is: false },
    { query: 'up or up', is: false },
  ])('$query selects series: $is', ({ query, is }) => {
    expect(isSelector(query)).toBe(is)
  })
})

/** The value of the only label, unescaped as Prometheus would. */
function labelValue(selector: string, isPattern: boolean): string {
  const text = /=~?(["'])([\s\S]*)\1\}$/.exec(selector)![2]!
  const plain = text.replace(/\\(n|.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
  return isPattern ? plain.replace(/\\(.)/g, '$1') : plain
}
