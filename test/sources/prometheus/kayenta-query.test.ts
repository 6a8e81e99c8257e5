import { describe, expect, test } from 'vitest'
import { kayentaQuery } from '../../../src/sources/prometheus/kayenta-query.ts'

const templates = { byPod: 'ns="$' + '{location}",version="$' + '{scope}"', old: 'app="$\\{scope}"' }
const asked = (query: object, scope: object = {}) =>
  kayentaQuery({
    ...{ metricName: 'cpu of pods', query: { type: 'prometheus', ...query }, templates, application: 'shop' },
    scope: { scope: 'v2', location: 'eu', start: 0, end: 60_000, stepSeconds: 60, parameters: {}, ...scope },
  })
const variable = (name: string) => `$\{${name}}`

describe('a query', () => {
  test.each<[string, object, object, string]>([
    [
      'from a template of the config, with bindings after it and groups',
      { metricName: 'cpu', customFilterTemplate: 'byPod', labelBindings: ['c="app"'], groupByFields: ['zone', 'pod'] },
      {},
      'avg(cpu{ns="eu",version="v2",c="app"}) by (zone,pod)',
    ],
    [
      'from a template as Kayenta stores it',
      { metricName: 'cpu', customFilterTemplate: 'old' },
      {},
      'avg(cpu{app="v2"})',
    ],
    [
      'from an inline template, which goes first',
      { metricName: 'cpu', customInlineTemplate: `job="${variable('scope')}"`, customFilterTemplate: 'byPod' },
      {},
      'avg(cpu{job="v2"})',
    ],
    [
      'that is PromQL as it stands',
      { customInlineTemplate: `PromQL:sum(rate(http_total{v="${variable('scope')}",t="${variable('tier')}"}[1m]))` },
      { parameters: { tier: 'gold' } },
      'sum(rate(http_total{v="v2",t="gold"}[1m]))',
    ],
    [
      'with a default for what nobody gives',
      { metricName: 'cpu', customInlineTemplate: `t="${variable('tier:-silver')}"` },
      {},
      'avg(cpu{t="silver"})',
    ],
    [
      'whose parameters win over the scope',
      { metricName: 'cpu', customInlineTemplate: `v="${variable('scope')}"` },
      { parameters: { scope: 'other' } },
      'avg(cpu{v="other"})',
    ],
    [
      'of instances of Google',
      { metricName: 'cpu', resourceType: 'gce_instance', labelBindings: ['a="b"'] },
      { parameters: { project: 'p1' } },
      'avg(cpu{a="b",instance=~"v2-.{4}",zone=~".+/projects/p1/zones/eu-.{1}"})',
    ],
    [
      'of instances of Amazon',
      { metricName: 'cpu', resourceType: 'aws_ec2_instance' },
      {},
      'avg(cpu{asg_groupName="v2",zone=~"eu.{1}"})',
    ],
  ])('%s', (_name, query, scope, expected) => {
    expect(asked(query, scope)).toBe(expected)
  })
})

test.each<[string, object, RegExp]>([
  ['a template that is not there', { metricName: 'cpu', customFilterTemplate: 'none' }, /no template 'none'/],
  ['a template called toString', { metricName: 'cpu', customFilterTemplate: 'toString' }, /no template 'toString'/],
  ['a variable that nobody gives', { metricName: 'cpu', customInlineTemplate: `t="${variable('tier')}"` }, /'tier'/],
  ['nothing to select by', { metricName: 'cpu' }, /how the scope selects/],
  ['no metric', { customInlineTemplate: 'a="b"' }, /neither a metricName/],
  ['a custom filter', { metricName: 'cpu', customFilter: 'a="b"' }, /customFilter is not supported/],
])('%s is refused', (_name, query, message) => {
  expect(() => asked(query)).toThrow(
    expect.objectContaining({ code: 'VALIDATION', message: expect.stringMatching(message) }),
  )
})
