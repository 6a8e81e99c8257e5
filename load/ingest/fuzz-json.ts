import { below, pick } from './fuzz-trees.ts'

type Holder = Record<string, unknown> | unknown[]

function nested(depth: number): unknown {
  let value: unknown = { stringValue: 'bottom' }
  for (let level = 0; level < depth; level += 1) value = { arrayValue: { values: [value] } }
  return value
}

/** What senders write where something else belongs. */
const strange: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 2 ** 53 + 2, -1e300, '', 'NaN', 'Infinity', '9223372036854775808', '-0', '0x10', '1e3'],
  ...[[], {}, [[[]]], [null], '\u0000', '\ud800', '\u2028', '__proto__', 'A'.repeat(5_000), '0af7', 'zz', 'AAAA=='],
  ...[
    { stringValue: 'a', intValue: '1' },
    { kvlistValue: { values: [{ key: 'a' }, {}] } },
    nested(30),
    nested(63),
    nested(80),
  ],
]

const names = ['constructor', 'attributes', 'value', 'stringValue', 'values', 'unknown', 'resource', 'dataPoints', '']

/** A copy of an OTLP/JSON text with one to three faults in its structure, which may or may not leave it valid. */
export function mutateJson(text: string, random: () => number): string {
  const root = JSON.parse(text) as Holder
  for (let faults = 1 + below(random, 3); faults > 0; faults -= 1) {
    const holder = randomHolder(root, random)
    const keys = Object.keys(holder)
    const key = keys.length === 0 ? '0' : pick(random, keys)
    change(holder as Record<string, unknown>, key, random)
  }
  return JSON.stringify(root)
}

function change(holder: Record<string, unknown>, key: string, random: () => number): void {
  const fault = below(random, 5)
  if (fault === 0) holder[key] = structuredClone(pick(random, strange))
  else if (fault === 1) delete holder[key]
  else if (fault === 2 && Array.isArray(holder)) holder.push(structuredClone(holder[below(random, holder.length)]))
  else if (fault === 3 && !Array.isArray(holder)) holder[pick(random, names)] = structuredClone(holder[key])
  else holder[key] = typeof holder[key] === 'string' ? Number(holder[key]) : String(holder[key])
}

/** An object or array somewhere in the tree, the deep ones as often as the others. */
function randomHolder(root: Holder, random: () => number): Holder {
  let found = root
  let seen = 1
  const visit = (holder: Holder): void => {
    for (const value of Object.values(holder)) {
      if (value === null || typeof value !== 'object') continue
      seen += 1
      if (random() * seen < 1) found = value as Holder
      visit(value as Holder)
    }
  }
  visit(root)
  return found
}
