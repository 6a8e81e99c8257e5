import type { Fact, FactKind, Facts } from '../../src/storage/facts.ts'

/** Facts without a storage, dated by the test's clock: for what reads them to its end and adds to them. */
export function factsInMemory(now: () => number) {
  const facts = new Map<string, Fact<unknown>>()
  const keyOf = (kind: FactKind, key: string) => `${kind}\0${key}`
  const all = () => [...facts.values()]
  const store: Pick<Facts, 'putOnce' | 'tail' | 'writes' | 'existing' | 'list' | 'unanswered'> = {
    writes: null,
    async putOnce<Body>(kind: FactKind, key: string, subject: string, body: Body) {
      const known = facts.get(keyOf(kind, key))
      if (known !== undefined) return { won: false, body: known.body as Body }
      facts.set(keyOf(kind, key), { kind, key, subject, body, at: new Date(now()).toISOString() })
      return { won: true, body }
    },
    async tail(kinds, since, limit) {
      const wanted = all().filter(({ kind, at }) => kinds.includes(kind) && at >= since)
      return wanted.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(0, limit)
    },
    async existing(kind, keys) {
      return new Set(keys.filter((key) => facts.has(keyOf(kind, key))))
    },
    async unanswered<Body>(kind: FactKind, answer: FactKind, limit: number) {
      const wanted = all().filter((fact) => fact.kind === kind && !facts.has(keyOf(answer, fact.key)))
      return wanted.slice(0, limit) as Fact<Body>[]
    },
    async list<Body>({ kind, key, subject }: Parameters<Facts['list']>[0]) {
      const wanted = all().filter(
        (fact) => fact.kind === kind && (key ?? fact.key) === fact.key && (subject ?? fact.subject) === fact.subject,
      )
      return wanted as Fact<Body>[]
    },
  }
  return { store: store as Facts, of: (kind: FactKind) => all().filter((fact) => fact.kind === kind) }
}
