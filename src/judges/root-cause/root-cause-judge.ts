import { closedObject, type JsonSchema, listOf } from '../json-schema.ts'
import { inputFault, type SeriesJudge } from '../series-judge.ts'
import type { NodeRows } from './node-rows.ts'
import { type RootCauseInput, type RootCauses, rankRootCauses } from './rank-root-causes.ts'

type ExplainedRootCauses = RootCauses & {
  readonly reason: { readonly code: 'ISSUE_SHOWN' | 'NO_ISSUE_SHOWN'; readonly summary: string }
}

const name: JsonSchema = { type: 'string', minLength: 1 }
const row = closedObject({
  requests: { type: 'number', minimum: 0 },
  latencySeconds: { type: ['number', 'null'], exclusiveMinimum: 0, description: 'mean of the interval; null: none' },
  failedShare: { type: ['number', 'null'], minimum: 0, maximum: 1 },
})

/** Which node of a call graph explains the others. */
export const rootCauseJudge: SeriesJudge<RootCauseInput, ExplainedRootCauses> = {
  question: 'Is something wrong in a system of services, and where did it begin?',
  input: closedObject(
    {
      nodes: listOf(
        closedObject({
          node: name,
          baseline: listOf(row, 'normal operation, at equal intervals, without gaps; the same number for all nodes'),
          current: listOf(row, 'now; the same number for all nodes'),
        }),
        'services, queues, databases',
        1,
      ),
      calls: listOf(closedObject({ caller: name, callee: name }), 'direct calls; [] when they are not known'),
    },
    { alpha: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'false alarms; 0.01' } },
  ),
  judge(input) {
    checkNodes(input.nodes)
    const causes = rankRootCauses(input)
    return { reason: reasonOf(causes), ...causes }
  },
  table({ ranked }) {
    return [
      ['NODE', 'SYMPTOM', 'LOUDNESS', 'EXPLAINED BY'],
      ...ranked.map(({ node, symptom, loudness, explainedBy }) => [
        ...[node, symptom ?? '–', loudness.toFixed(2), explainedBy.join(', ')],
      ]),
    ]
  },
}

function reasonOf({ isIssue, ranked, p, normalStretches }: RootCauses): ExplainedRootCauses['reason'] {
  const [first] = ranked
  const rarity = `p ${Number(p.toPrecision(2))}, from ${normalStretches} stretches of normal operation`
  if (!isIssue) return { code: 'NO_ISSUE_SHOWN', summary: `Nothing is out of the ordinary (${rarity}).` }
  return { code: 'ISSUE_SHOWN', summary: `It most likely began at ${first!.node}: its ${first!.symptom} (${rarity}).` }
}

function checkNodes(nodes: readonly NodeRows[]): void {
  const names = new Set<string>()
  const [first] = nodes
  for (const [at, { node, baseline, current }] of nodes.entries()) {
    if (names.has(node)) throw inputFault(`/nodes/${at}/node`, 'a name that no other node has', JSON.stringify(node))
    names.add(node)
    for (const [part, rows, wanted] of [
      ['baseline', baseline, first!.baseline],
      ['current', current, first!.current],
    ] as const) {
      if (rows.length === wanted.length) continue
      throw inputFault(`/nodes/${at}/${part}`, `as many rows as the first node has, ${wanted.length}`, `${rows.length}`)
    }
  }
}
