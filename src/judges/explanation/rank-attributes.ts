import type { AttributeExcess, BothArms, ExplainedSignal } from '../../domain/explanation.ts'
import { eBenjaminiHochberg } from '../../stats/e-benjamini-hochberg.ts'
import { type Contrast, contrastEValue, excessOf, minusBoth, noCounts, plusBoth } from './excess-contrast.ts'

/** Requests of one operation that have one value of one attribute, as one signal tells of them. */
export type AttributeCounts = BothArms & {
  readonly signal: ExplainedSignal
  /** The instrument; '' for spans and logs. */
  readonly metric: string
  readonly attribute: string
  readonly value: string
  readonly operation: string
}

const falseDiscoveryRate = 0.1

/** A value with less of the excess explains nothing, however sure it is. */
const leastShare = 0.2

/** So many values; one that several signals tell of is one. */
const shown = 5

/**
 * The few attribute values that hold the excess: the canary is worse there than at the attribute's other values, found
 * at a false discovery rate of 10% over everything that was tried, within operations. By their share of the excess; of
 * equal shares the value with fewer requests first, since it says more. Each signal and instrument is compared with
 * itself, and all of them are one family.
 * @param rows for each attribute, every value that it has; an attribute with one value can hold nothing
 */
export function rankAttributes(rows: readonly AttributeCounts[]): AttributeExcess[] {
  const found: (AttributeExcess & { readonly requests: number })[] = []
  const keyOf = ({ signal, metric, attribute }: AttributeCounts) => JSON.stringify([signal, metric, attribute])
  for (const ofAttribute of Map.groupBy(rows, keyOf).values()) {
    const [{ signal, metric, attribute }] = ofAttribute as [AttributeCounts]
    const values = Map.groupBy(ofAttribute, (row) => row.value)
    if (values.size < 2) continue
    const whole = totalsByOperation(ofAttribute)
    const excess = Math.max(0, excessOf(sum(ofAttribute)))
    for (const [value, ofValue] of values) {
      const both = sum(ofValue)
      const contrasts = contrastsOf(attribute, ofValue, whole)
      const eValue = contrastEValue(contrasts)
      const share = excess > 0 ? Math.min(1, Math.max(0, excessOf(both) / excess)) : 0
      const where = { signal, ...(metric === '' ? {} : { metric }), attribute, value }
      found.push({ ...where, ...both, share, eValue, requests: both.canary.requests })
    }
  }
  const sure = new Set(
    eBenjaminiHochberg(
      found.map(({ eValue }) => eValue),
      falseDiscoveryRate,
    ),
  )
  const ranked = found
    .filter(({ share }, index) => sure.has(index) && share >= leastShare)
    .sort((a, b) => b.share - a.share || a.requests - b.requests || (a.attribute < b.attribute ? -1 : 1))
  const pairs = new Set(ranked.map(pairOf))
  const first = new Set([...pairs].slice(0, shown))
  return ranked.filter((each) => first.has(pairOf(each))).map(({ requests: _requests, ...told }) => told)
}

function pairOf({ attribute, value }: AttributeExcess): string {
  return JSON.stringify([attribute, value])
}

/** Attributes that name the operation itself, as Prometheus' exporters call them too: within one they have one value. */
const operationAttributes: ReadonlySet<string> = new Set([
  ...['http.route', 'rpc.method', 'url.template'],
  ...['http_route', 'handler', 'route', 'uri', 'rpc_method'],
])

function contrastsOf(
  attribute: string,
  part: readonly AttributeCounts[],
  whole: ReadonlyMap<string, BothArms>,
): readonly Contrast[] {
  if (operationAttributes.has(attribute)) {
    const all = [...whole.values()].reduce(plusBoth, noCounts)
    return [{ part: sum(part), rest: minusBoth(all, sum(part)) }]
  }
  return [...totalsByOperation(part)].map(([operation, counts]) => ({
    part: counts,
    rest: minusBoth(whole.get(operation) ?? counts, counts),
  }))
}

function totalsByOperation(rows: readonly AttributeCounts[]): ReadonlyMap<string, BothArms> {
  return new Map([...Map.groupBy(rows, (row) => row.operation)].map(([operation, of]) => [operation, sum(of)]))
}

function sum(rows: readonly BothArms[]): BothArms {
  return rows.reduce<BothArms>(plusBoth, noCounts)
}
