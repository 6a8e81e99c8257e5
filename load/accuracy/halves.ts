import { createHash } from 'node:crypto'

/**
 * Splits cases in two by a hash of their names: nothing was chosen by either half, so how far apart their figures are
 * says how far a figure of as many cases can be off.
 */
export function halvesOf<Case>(cases: readonly Case[], nameOf: (one: Case) => string): [Case[], Case[]] {
  const isFirst = (one: Case) => (createHash('sha256').update(nameOf(one)).digest()[0]! & 1) === 0
  return [cases.filter(isFirst), cases.filter((one) => !isFirst(one))]
}
