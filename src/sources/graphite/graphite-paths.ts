import { alternatives, bareText, type Literal, type QueryLanguage, type WriteValues } from '../fill-query.ts'

/** What dots of a value become in a path. */
export type Dots = '_' | '-' | '.'

/**
 * How targets of Graphite take values. There is no escape: in a path, whose nodes are matched as names of files, a value
 * has letters, digits and few other characters; in the quotes of `seriesByTag` it has none that ends a value or makes it a
 * pattern, or more of one. Any other value is refused, and nothing is asked.
 */
export function graphitePaths(dots: Dots): QueryLanguage {
  return {
    place: 'in a path, or within the quotes of a tag',
    literalAt(query, at) {
      const mark = query[at]!
      if (mark !== "'" && mark !== '"') return null
      return /^[^'"=]*=~/.test(query.slice(at + 1)) ? tagPatternOf(mark) : tagOf(mark)
    },
    writeBare: (values) => {
      const nodes = values.map((value) => value.replaceAll('.', dots))
      const odd = nodes.find((node) => !/^[A-Za-z0-9_:@+~-]+(?:\.[A-Za-z0-9_:@+~-]+)*$/.test(node))
      if (odd !== undefined) return { reason: `is ${shown(odd)}, which no node of a path can be` }
      return nodes.length === 1 ? nodes[0]! : `{${nodes.join(',')}}`
    },
  }
}

function tagOf(mark: string): Literal {
  const write: WriteValues = (values) => {
    const [value, ...more] = values
    if (more.length > 0) return { reason: `has ${values.length} values, which a tag does not take` }
    // `=~` would make it a pattern, and what stands after a semicolon is another tag.
    if (/^~|[;'"\\\p{C}]/u.test(value!)) return { reason: `is ${shown(value!)}, which no tag can be` }
    return value!
  }
  return { opens: 1, closes: mark, escapeAt: () => 0, isPattern: false, write }
}

/** A tag that is compared with a pattern (`=~`, `!=~`): values are alternatives, and their dots stand for themselves. */
function tagPatternOf(mark: string): Literal {
  const write: WriteValues = (values) => {
    const odd = values.find((value) => !/^[\p{L}\p{N}_:@ .-]+$/u.test(value))
    if (odd !== undefined) return { reason: `is ${shown(odd)}, which might be a pattern of its own` }
    return alternatives(values, (value) => value.replaceAll('.', '[.]')).replace('(?:', '(')
  }
  return { opens: 1, closes: mark, escapeAt: () => 0, isPattern: true, write }
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 80))
}

/** Whether a target names series and does nothing with them, so that their points are read as they were written. */
export function isSelector(target: string): boolean {
  const bare = bareText(target, graphitePaths('_'))
  if (bare === null) return false
  return /^\s*(?:seriesByTag\s*\([\s,]*\)|[A-Za-z0-9_.:@+~*?{},[\]-]*)\s*$/.test(bare)
}
