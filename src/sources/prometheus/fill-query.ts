import type { Arm } from '../../domain/cohort.ts'
import type { QueryFault } from '../../domain/metric-source.ts'

/** What a query may name of an arm. The first three may have several values, or none. */
const ofArm = ['version', 'pod', 'replicaSet'] as const

type ArmVariable = (typeof ofArm)[number]

/** What the variables of a query stand for, for one arm. */
export type QueryValues = {
  readonly service: string
  readonly namespace: string
  readonly environment: string
  /** The arm that is asked about. */
  readonly arm: Arm
  readonly arms: Readonly<Record<Arm, Readonly<Record<ArmVariable, readonly string[]>>>>
  readonly windowSeconds: number
}

/** Whoever names one of these asks each arm something else. */
export const armVariables: readonly string[] = [...ofArm, 'cohort']

/** The names that a query may have in `${…}`. */
const queryVariables: readonly string[] = [
  ...['service', 'namespace', 'environment', 'window'],
  ...armVariables,
  ...(['canary', 'baseline'] as const).flatMap((arm) => ofArm.map((name) => `${arm}.${name}`)),
]

const variable = /\$\{([A-Za-z.]+)(?::-([^}]*))?\}/y

type Quote = { readonly mark: string; readonly isPattern: boolean }
type Piece =
  | { readonly text: string }
  | { readonly name: string; readonly fallback: string | undefined; readonly quote: Quote | null }

/** A query cut at its variables, each with the string that it stands in. */
function pieces(query: string): Piece[] {
  const found: Piece[] = []
  let quote: Quote | null = null
  let start = 0
  for (let at = 0; at < query.length; ) {
    const character = query[at]!
    if (query.startsWith('${', at)) {
      variable.lastIndex = at
      const match = variable.exec(query)
      if (match !== null) {
        found.push({ text: query.slice(start, at) }, { name: match[1]!, fallback: match[2], quote })
        at += match[0].length
        start = at
        continue
      }
    }
    if (quote === null) {
      if (/["'`]/.test(character)) quote = { mark: character, isPattern: /[=!]~\s*$/.test(query.slice(0, at)) }
    } else if (character === '\\' && quote.mark !== '`') at += 1
    else if (character === quote.mark) quote = null
    at += 1
  }
  return [...found, { text: query.slice(start) }]
}

/** Whether a query asks each arm something else. */
export function tellsArmsApart(query: string): boolean {
  return pieces(query).some((piece) => 'name' in piece && armVariables.includes(piece.name))
}

/** What is wrong with a query's variables, whatever they stand for; null: nothing. */
export function checkVariables(query: string): Omit<QueryFault, 'key'> | null {
  for (const piece of pieces(query)) {
    if ('text' in piece) {
      const odd = /\$\{[^}]*\}?/.exec(piece.text)?.[0]
      if (odd !== undefined) return { expected: `one of the variables ${shown(queryVariables)}`, got: odd }
      continue
    }
    const { name, quote, fallback } = piece
    if (!queryVariables.includes(name)) {
      return { expected: `one of the variables ${shown(queryVariables)}`, got: `\${${name}}` }
    }
    if (quote === null && name !== 'window') {
      return { expected: `\${${name}} within the quotes of a label's value`, got: `\${${name}} outside of them` }
    }
    if (fallback !== undefined && quote?.isPattern !== true) {
      return { expected: `a value instead of none only in a pattern (=~), as in pod=~"\${pod:-.+}"`, got: fallback }
    }
  }
  return null
}

function shown(names: readonly string[]): string {
  return names.map((name) => `\${${name}}`).join(' ')
}

function valuesOf(name: string, values: QueryValues): readonly string[] {
  const { service, namespace, environment, arm, arms } = values
  if (name === 'window') return [`${values.windowSeconds}s`]
  if (name === 'cohort') return [arm]
  if (name === 'service') return [service]
  if (name === 'environment') return [environment]
  if (name === 'namespace') return namespace === '' ? [] : [namespace]
  const [first, second] = name.split('.')
  const of = second === undefined ? arms[arm] : arms[first as Arm]
  return of[(second ?? first) as ArmVariable]
}

/** A query that cannot be asked: why. */
export type Unfilled = { readonly name: string; readonly reason: string }

/**
 * A query with its variables filled in, so that a value can never be more than a value: within `=~"…"` it is escaped as a
 * pattern and several are alternatives, within other quotes there must be exactly one.
 */
export function fillQuery(query: string, values: QueryValues): string | Unfilled {
  let filled = ''
  for (const piece of pieces(query)) {
    if ('text' in piece) {
      filled += piece.text
      continue
    }
    const { name, fallback, quote } = piece
    const all = valuesOf(name, values)
    if (all.length === 0 && fallback !== undefined) filled += fallback
    else if (all.length === 0) return { name, reason: `\${${name}} has no value` }
    else if (all.length > 1 && quote?.isPattern !== true) {
      return { name, reason: `\${${name}} has ${all.length} values, which only a pattern (=~) takes` }
    } else if (quote?.mark === '`' && all.some((value) => value.includes('`'))) {
      return { name, reason: `\${${name}} has a backtick, which its quotes do not take` }
    } else {
      const patterns = quote?.isPattern === true ? all.map(escapedPattern) : all
      const whole = patterns.length === 1 ? patterns[0]! : `(?:${patterns.join('|')})`
      filled += quote === null || quote.mark === '`' ? whole : escapedText(whole, quote.mark)
    }
  }
  return filled
}

/** Prometheus has RE2's syntax. */
function escapedPattern(value: string): string {
  return value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function escapedText(value: string, mark: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`).replaceAll('\n', '\\n')
}

/** Whether it names series and does nothing with them, so that their raw samples can be read. */
export function isSelector(query: string): boolean {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""').trim()
  return /^(?:[A-Za-z_:][\w:]*\s*(?:\{[^{}]*\})?|\{[^{}]*\})$/.test(bare)
}
