import { DavyError } from '../../domain/errors.ts'
import type { Endpoint, Sink } from '../../domain/sink.ts'
import { webhookPublicKey } from '../../platform/webhook-secret.ts'
import type { Facts } from '../../storage/facts.ts'
import { FactMirror } from '../fact-mirror.ts'
import { checkedEndpoint, type GivenEndpoint } from './check-endpoint.ts'
import {
  type EndpointChange,
  type EndpointOpening,
  type EndpointSecret,
  type EndpointSettings,
  type EndpointState,
  filterOf,
  foldEndpoints,
  isSameFilter,
} from './endpoint-facts.ts'

/** An endpoint of the configuration: `where` is the position of its entry, for errors. */
export type ConfiguredEndpoint = Omit<GivenEndpoint, 'secrets'> & {
  readonly name: string
  readonly secrets: readonly string[]
  readonly where: string
}

export type EndpointsOptions = {
  readonly facts: Facts
  /** As {@link checkConfigured} gives them. */
  readonly configured: ReadonlyMap<string, EndpointSettings>
  readonly sinks: ReadonlyMap<string, Sink>
  readonly newId: () => string
  readonly now: () => number
}

/** Why an endpoint is off that somebody switched off. */
const switchedOff = 'switched off by the API'

/** Why a configured endpoint is off while it is not in the configuration. */
const notConfigured = 'it is not in the configuration'

/** What may be shown of an endpoint. `publicKeys` verify what it is signed with, when that is Ed25519. */
export type EndpointView = Endpoint & { readonly publicKeys: readonly string[] }

/**
 * Configured endpoints as the engine takes them.
 * @throws DavyError CONFIG with all that does not fit a format, each with the position of its entry.
 */
export function checkConfigured(
  configured: readonly ConfiguredEndpoint[],
  sinks: ReadonlyMap<string, Sink>,
): ReadonlyMap<string, EndpointSettings> {
  const errors: string[] = []
  const settings = new Map<string, EndpointSettings>()
  for (const { name, where, secrets, ...given } of configured) {
    try {
      const asSecrets = secrets.map((secret) => ({ secret, until: null }))
      settings.set(name, checkedEndpoint({ ...given, secrets: asSecrets }, sinks))
    } catch (error) {
      if (!(error instanceof DavyError)) throw error
      const expected = error.expected === undefined ? '' : ` Expected ${error.expected}`
      const got = error.got === undefined ? '' : `, got ${error.got}`
      errors.push(`  ${where}: webhook ${name}${error.where ?? ''}: ${error.message}${expected}${got}`)
    }
  }
  if (errors.length === 0) return settings
  const count = errors.length === 1 ? 'one webhook that fits no format' : `${errors.length} webhooks that fit no format`
  throw new DavyError('CONFIG', `The configuration has ${count}:\n${errors.join('\n')}`)
}

/** Who gets messages: the endpoints of the configuration and those that came by the API. */
export class Endpoints {
  readonly #o: EndpointsOptions
  readonly #mirror: FactMirror
  #folded: {
    readonly facts: FactMirror['facts']
    readonly states: ReadonlyMap<string, EndpointState>
    readonly endpoints: ReadonlyMap<string, Endpoint>
  }

  constructor(options: EndpointsOptions) {
    this.#o = options
    this.#mirror = new FactMirror(options.facts, ['endpoint', 'endpoint-changed', 'endpoint-removed'])
    this.#folded = { facts: [], states: new Map(), endpoints: new Map() }
  }

  /**
   * Records configured endpoints that are new, that came back or that went, and what they are told of now, so that they
   * too have times from which on they are told.
   */
  async start(): Promise<void> {
    await this.#mirror.refresh()
    for (const [name, settings] of this.#o.configured) {
      // All the rest is the configuration's to say.
      const body: EndpointOpening = { url: '', ...filterOf(settings), origin: 'config', secrets: [] }
      await this.#o.facts.putOnce('endpoint', name, name, body)
    }
    await this.#mirror.refresh()
    for (const [id, { origin }] of foldEndpoints(this.#mirror.facts)) if (origin === 'config') await this.#settle(id)
  }

  /** Of replicas that start at the same time, the second looks again at what the first made of it. */
  async #settle(id: string): Promise<void> {
    for (;;) {
      const state = foldEndpoints(this.#mirror.facts).get(id)
      const change = state === undefined ? null : changeByConfig(state, this.#o.configured.get(id))
      if (state === undefined || change === null) return
      await this.#o.facts.putOnce('endpoint-changed', `${id}/${state.changes + 1}`, id, change)
      await this.#mirror.refresh()
    }
  }

  /** Takes in what has been written since. */
  refresh(): Promise<void> {
    return this.#mirror.refresh()
  }

  /** What is known about endpoints; another map whenever there is something new. */
  get states(): ReadonlyMap<string, EndpointState> {
    return this.#fold().states
  }

  #fold() {
    const { facts } = this.#mirror
    if (this.#folded.facts === facts) return this.#folded
    const states = new Map<string, EndpointState>()
    for (const [id, state] of foldEndpoints(facts)) {
      const configured = this.#o.configured.get(id)
      if (configured !== undefined) states.set(id, { ...state, ...configured, disabledBecause: becauseOf(state) })
      else if (state.origin === 'api') states.set(id, state)
    }
    const endpoints = new Map([...states].map(([id, state]) => [id, endpointOf(state)]))
    this.#folded = { facts, states, endpoints }
    return this.#folded
  }

  /** Oldest first; those of the configuration only while they are in it. */
  list(): readonly Endpoint[] {
    return [...this.#fold().endpoints.values()]
  }

  /** @throws DavyError NOT_FOUND */
  get(id: string): Endpoint {
    return this.#fold().endpoints.get(id) ?? endpointOf(this.#state(id))
  }

  /** @throws DavyError NOT_FOUND */
  view(id: string): EndpointView {
    const state = this.#state(id)
    const { url, ...endpoint } = endpointOf(state)
    const isSecret = this.#o.sinks.get(state.format)?.requires.isUrlSecret ?? true
    const keys = this.secretsOf(id).flatMap((secret) => webhookPublicKey(secret) ?? [])
    return { ...endpoint, url: isSecret ? originOf(url) : url, publicKeys: keys }
  }

  /** Endpoints that said of themselves that they are gone, and are told nothing since. */
  gone(): readonly string[] {
    const isOwnWord = (because: string | null) =>
      because !== null && because !== switchedOff && because !== notConfigured
    const states = [...this.states.values()]
    return states.flatMap(({ id, isRemoved, disabledBecause }) =>
      !isRemoved && isOwnWord(disabledBecause) ? [id] : [],
    )
  }

  /** The secrets that sign now, the current one first. */
  secretsOf(id: string): readonly string[] {
    const now = new Date(this.#o.now()).toISOString()
    const secrets = this.states.get(id)?.secrets ?? []
    return secrets.flatMap(({ secret, until }) => (until === null || until > now ? [secret] : []))
  }

  /** @throws DavyError UNPROCESSABLE when it fits no format. */
  async add(given: GivenEndpoint): Promise<Endpoint> {
    const settings = checkedEndpoint(given, this.#o.sinks)
    const id = this.#o.newId()
    const body: EndpointOpening = { ...settings, origin: 'api' }
    await this.#o.facts.putOnce('endpoint', id, id, body)
    await this.refresh()
    return this.get(id)
  }

  /**
   * Changes settings of an endpoint that came by the API.
   * @throws DavyError NOT_FOUND, UNPROCESSABLE; CONFLICT for one of the configuration or one that was removed.
   */
  async change(id: string, changeOf: (state: EndpointState) => Partial<GivenEndpoint>): Promise<Endpoint> {
    return this.#write(id, (state) => {
      this.#refuseConfigured(state)
      const { url, format } = state
      const change = changeOf(state)
      // An address that nobody gave follows the format.
      const isNewFormat = change.format !== undefined && change.format !== format
      const given = { ...state, ...(isNewFormat ? { url: null } : { url }), ...change }
      const { disabledBecause: _unchanged, ...settings } = checkedEndpoint(settingsOf(given), this.#o.sinks)
      return settings
    })
  }

  /** Puts another secret first; the one before signs too until `until`. @throws as {@link Endpoints.change} */
  rotate(id: string, secret: string | null, until: string): Promise<Endpoint> {
    return this.change(id, ({ secrets, format }) => {
      if (secret === null)
        throw new DavyError('UNPROCESSABLE', `The format ${format} cannot make a secret by itself.`, {
          expected: 'the new secret or token',
          got: 'nothing',
          where: '/secret',
        })
      const old = secrets.flatMap((each): EndpointSecret[] => (each.until === null ? [{ ...each, until }] : []))
      return { secrets: [{ secret, until: null }, ...old] }
    })
  }

  /**
   * Sends nothing to it any more, or again. What was written meanwhile is not sent: who wants it replays it.
   * @throws DavyError NOT_FOUND; CONFLICT for one that was removed.
   */
  setEnabled(id: string, isEnabled: boolean): Promise<Endpoint> {
    return this.#setDisabled(id, isEnabled ? null : switchedOff)
  }

  /** Sends nothing to it any more. @param because what it said, one sentence. @throws as {@link Endpoints.setEnabled} */
  markGone(id: string, because: string): Promise<Endpoint> {
    return this.#setDisabled(id, because)
  }

  #setDisabled(id: string, because: string | null): Promise<Endpoint> {
    return this.#write(id, ({ disabledBecause }) =>
      (disabledBecause === null) === (because === null) ? null : { disabledBecause: because },
    )
  }

  /** For ever. @throws DavyError NOT_FOUND; CONFLICT for one of the configuration. */
  async remove(id: string): Promise<void> {
    this.#refuseConfigured(this.#state(id))
    await this.#o.facts.putOnce('endpoint-removed', id, id, {})
    await this.refresh()
  }

  /** Of two who change at the same time, the second does so anew with what the first made of it. */
  async #write(id: string, changeOf: (state: EndpointState) => EndpointChange | null): Promise<Endpoint> {
    for (;;) {
      await this.refresh()
      const state = this.#state(id)
      if (state.isRemoved && state.origin === 'api')
        throw new DavyError('CONFLICT', `Endpoint ${id} was removed.`, {
          expected: 'a new one by POST /api/v1/endpoints',
        })
      const change = changeOf(state)
      if (change === null) return endpointOf(state)
      const { won } = await this.#o.facts.putOnce('endpoint-changed', `${id}/${state.changes + 1}`, id, change)
      await this.refresh()
      if (won) return this.get(id)
    }
  }

  #state(id: string): EndpointState {
    const state = this.states.get(id)
    if (state !== undefined) return state
    throw new DavyError('NOT_FOUND', `There is no endpoint ${JSON.stringify(id.slice(0, 64))}.`, {
      expected: 'an id from GET /api/v1/endpoints',
      where: 'id',
    })
  }

  #refuseConfigured({ id, origin }: EndpointState): void {
    if (origin === 'api') return
    throw new DavyError('CONFLICT', `Endpoint ${id} comes from the configuration.`, {
      expected: 'a change of `webhooks` in DAVY_CONFIG and a restart',
    })
  }
}

/** Another replica, started with another configuration, does not switch off what this one is configured to tell. */
function becauseOf({ disabledBecause }: EndpointState): string | null {
  return disabledBecause === notConfigured ? null : disabledBecause
}

/** What a start has to record of an endpoint of the configuration; null: nothing is new. */
function changeByConfig(state: EndpointState, configured: EndpointSettings | undefined): EndpointChange | null {
  if (configured === undefined) return state.disabledBecause === null ? { disabledBecause: notConfigured } : null
  const isBack = state.disabledBecause === notConfigured
  if (!isBack && isSameFilter(state, configured)) return null
  return { ...filterOf(configured), ...(isBack ? { disabledBecause: null } : {}) }
}

function settingsOf(given: GivenEndpoint): GivenEndpoint {
  const { format, url, events, services, environments, decisions, options, act, secrets } = given
  return { format, url, events, services, environments, decisions, options, act, secrets }
}

function endpointOf(state: EndpointState): Endpoint {
  const { id, format, url, events, services, environments, decisions, options, act } = state
  const { disabledBecause, createdAt, origin } = state
  return {
    ...{ id, format, url, events, services, environments, decisions, options, act },
    ...{ disabled: disabledBecause !== null, disabledBecause, createdAt, origin },
  }
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed === null ? '' : `${parsed.protocol}//${parsed.host}/…`
}
