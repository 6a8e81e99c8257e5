/** Every tag of a document in order, with attribute names and without their values: its structure and nothing else. */
export function tagsOf(document: string): readonly string[] {
  return (document.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""').replace(/\s+/g, ' '))
}

const empty = new Set(['meta', 'link', '!doctype'])

/** The tags that are not closed in the order in which they were opened; [] for a well-formed document. */
export function unbalanced(document: string): readonly string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const tag of tagsOf(document)) {
    const name = /^<\/?([!\w]+)/.exec(tag)?.[1] ?? ''
    if (empty.has(name) || tag.endsWith('/>')) continue
    if (!tag.startsWith('</')) open.push(name)
    else if (open.pop() !== name) wrong.push(tag)
  }
  return [...wrong, ...open]
}

/** Every class that a document uses. */
export function classesOf(document: string): ReadonlySet<string> {
  const lists = [...document.matchAll(/ class="([^"]*)"/g)].map((match) => match[1]!)
  return new Set(lists.flatMap((list) => list.split(/\s+/)).filter((name) => name !== ''))
}
