/** What the Prometheus-shaped facade is asked for. */
export type ScoreQuery =
  | { readonly type: 'vector'; readonly value: number }
  | {
      readonly type: 'series'
      readonly metric: ScoreMetric
      readonly labels: Readonly<Partial<Record<ScoreLabel, string>>>
    }

/** What can be read: the score, 0 to 100, and whether the gate says promote or rollback, 0 or 1. */
const scoreMetrics = ['davy_score', 'davy_promote', 'davy_rollback'] as const
export type ScoreMetric = (typeof scoreMetrics)[number]

/** `namespace` and `name` are Kubernetes'; `service` and `environment` are the unit's. */
const scoreLabels = ['controller', 'namespace', 'name', 'service', 'environment', 'id'] as const
type ScoreLabel = (typeof scoreLabels)[number]

const number = '[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?'
const vector = new RegExp(`^vector\\(\\s*(${number})\\s*\\)$`)
const selector = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?$/s
const matcher = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/

/**
 * Reads the two forms of PromQL that the facade answers: `vector(1)`, and one metric with equality matchers, as in
 * `davy_score{namespace="shop",name="checkout"}`.
 * @returns what is wrong with any other text.
 */
export function readScoreQuery(text: string): ScoreQuery | string {
  const query = text.trim()
  const [, value] = vector.exec(query) ?? []
  if (value !== undefined) return { type: 'vector', value: Number(value) }
  const [, metric, matchers = ''] = selector.exec(query) ?? []
  if (metric === undefined)
    return 'expected vector(1) or one of the metrics with labels, such as davy_score{name="checkout"}'
  if (!isOneOf(scoreMetrics, metric)) return `expected one of ${scoreMetrics.join(', ')}, got ${metric.slice(0, 64)}`
  const labels: Partial<Record<ScoreLabel, string>> = {}
  for (let rest = matchers; rest.trim() !== ''; ) {
    const [whole, label, quoted] = matcher.exec(rest) ?? []
    if (whole === undefined || label === undefined || quoted === undefined) {
      return 'expected label="value" between the braces, with commas between them'
    }
    if (!isOneOf(scoreLabels, label))
      return `expected labels among ${scoreLabels.join(', ')}, got ${label.slice(0, 64)}`
    if (labels[label] !== undefined) return `expected each label once, got ${label} twice`
    labels[label] = quoted.replaceAll(/\\(.)/g, '$1')
    rest = rest.slice(whole.length)
  }
  if (Object.keys(labels).length === 0) return 'expected labels that say which deployment is meant'
  return { type: 'series', metric, labels }
}

function isOneOf<T extends string>(words: readonly T[], word: string): word is T {
  return (words as readonly string[]).includes(word)
}
