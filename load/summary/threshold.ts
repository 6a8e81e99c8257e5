/** What a k6 threshold compares: a figure of a metric, and the limit that it must keep. */
export type Threshold = { readonly figure: string; readonly operator: string; readonly limit: number }

const expression = /^\s*([a-z]+(?:\(\s*[0-9.]+\s*\))?)\s*(<=|>=|===?|!=|<|>)\s*(-?[0-9.]+(?:e-?\d+)?)\s*$/

/**
 * Reads an expression such as `p(99)<20` or `rate==0`, as k6's options have them. The figure is called as k6's summary calls
 * it: `p(99)`, `rate`, `count`, `max`.
 * @throws Error for what k6 would not take either.
 */
export function parseThreshold(text: string): Threshold {
  const [, figure, operator, limit] = expression.exec(text) ?? []
  if (figure === undefined || operator === undefined || !Number.isFinite(Number(limit))) {
    throw new Error(`expected a threshold like p(99)<20, got ${JSON.stringify(text)}`)
  }
  return { figure: figure.replaceAll(/\s/g, ''), operator: operator.replace('===', '=='), limit: Number(limit) }
}
