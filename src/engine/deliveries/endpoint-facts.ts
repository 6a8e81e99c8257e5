import type { Endpoint, EventType } from '../../domain/sink.ts'
import type { Fact } from '../../storage/facts.ts'

/** A secret and until when it signs, RFC 3339; null: until it is replaced. */
export type EndpointSecret = { readonly secret: string; readonly until: string | null }

/** What can be set of an endpoint. */
export type EndpointSettings = Omit<Endpoint, 'id' | 'createdAt' | 'origin' | 'disabled'> & {
  readonly secrets: readonly EndpointSecret[]
}

/** What an endpoint is told of. */
export type EndpointFilter = Pick<Endpoint, 'events' | 'services' | 'environments' | 'decisions'>

/** The body of an `endpoint` fact. Rows of before there were formats have strings as secrets, and less of the rest. */
export type EndpointOpening = Partial<Omit<EndpointSettings, 'secrets'>> & {
  readonly url: string
  readonly events: readonly EventType[]
  readonly origin: Endpoint['origin']
  readonly secrets: readonly (string | EndpointSecret)[]
}

/** The body of an `endpoint-changed` fact: what is new. */
export type EndpointChange = Partial<EndpointSettings>

/** An endpoint as its facts make it. */
export type EndpointState = EndpointSettings & {
  readonly id: string
  readonly origin: Endpoint['origin']
  readonly createdAt: string
  readonly isRemoved: boolean
  /** Nothing that was written before is sent: it was made, or enabled again, then. RFC 3339. */
  readonly toldSince: string
  /** Oldest first; each holds for what was written from `since` (RFC 3339) on: a wider one brings back no history. */
  readonly filters: readonly (EndpointFilter & { readonly since: string })[]
  /** Facts of changes so far. */
  readonly changes: number
}

function opened({ key, at, body }: Fact<unknown>): EndpointState {
  const { secrets, ...opening } = body as EndpointOpening
  const settings = {
    ...{ format: 'cloudevents', services: [], environments: [], decisions: [], options: {}, act: false },
    ...{ disabledBecause: null, ...opening },
    secrets: secrets.map((each) => (typeof each === 'string' ? { secret: each, until: null } : each)),
  }
  const filters = [{ ...filterOf(settings), since: at }]
  return { ...settings, ...{ id: key, createdAt: at, isRemoved: false, toldSince: at, filters, changes: 0 } }
}

export function filterOf({ events, services, environments, decisions }: EndpointFilter): EndpointFilter {
  return { events, services, environments, decisions }
}

export function isSameFilter(a: EndpointFilter, b: EndpointFilter): boolean {
  return JSON.stringify(filterOf(a)) === JSON.stringify(filterOf(b))
}

/** Endpoints by their id, oldest first. @param facts of endpoints, in the order of their writing. */
export function foldEndpoints(facts: readonly Fact<unknown>[]): ReadonlyMap<string, EndpointState> {
  const states = new Map<string, EndpointState>()
  for (const fact of facts) {
    if (fact.kind === 'endpoint') {
      states.set(fact.key, opened(fact))
      continue
    }
    const before = states.get(fact.subject)
    if (before === undefined) continue
    if (fact.kind === 'endpoint-removed') {
      states.set(fact.subject, { ...before, isRemoved: true, disabledBecause: 'it was removed' })
      continue
    }
    const change = fact.body as EndpointChange
    const isEnabled = before.disabledBecause !== null && change.disabledBecause === null
    const toldSince = isEnabled ? fact.at : before.toldSince
    const after = { ...before, ...change, toldSince, changes: before.changes + 1 }
    const filters = isSameFilter(before, after)
      ? before.filters
      : [...before.filters, { ...filterOf(after), since: fact.at }]
    states.set(fact.subject, { ...after, filters })
  }
  return states
}
