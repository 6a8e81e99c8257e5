import { DavyError } from '../domain/errors.ts'
import type { Endpoint, EventType } from '../domain/sink.ts'
import type { Fact, Facts } from '../storage/facts.ts'
import { FactMirror } from './fact-mirror.ts'

type EndpointFact = {
  readonly url: string
  readonly events: readonly EventType[]
  readonly origin: Endpoint['origin']
  /** Only of endpoints that came by the API; those of the configuration have theirs in files. */
  readonly secrets: readonly string[]
}

export type ConfiguredEndpoint = {
  readonly name: string
  readonly url: string
  readonly events: readonly EventType[]
  readonly secrets: readonly string[]
}

/** Who gets verdicts: the endpoints of the configuration and those that came by the API. */
export class Endpoints {
  readonly #facts: Facts
  readonly #mirror: FactMirror
  readonly #configured: ReadonlyMap<string, ConfiguredEndpoint>
  readonly #newId: () => string

  constructor(facts: Facts, configured: readonly ConfiguredEndpoint[], newId: () => string) {
    this.#facts = facts
    this.#mirror = new FactMirror(facts, ['endpoint', 'endpoint-removed'])
    this.#configured = new Map(configured.map((endpoint) => [endpoint.name, endpoint]))
    this.#newId = newId
  }

  /** Records configured endpoints that are new, so that they too have a time from which on they are told. */
  async start(): Promise<void> {
    await this.#mirror.refresh()
    for (const { name, url, events } of this.#configured.values()) {
      const body: EndpointFact = { url, events, origin: 'config', secrets: [] }
      await this.#facts.putOnce('endpoint', name, name, body)
    }
    await this.#mirror.refresh()
  }

  /** Takes in what has been written since. */
  refresh(): Promise<void> {
    return this.#mirror.refresh()
  }

  /** What is known about endpoints; another array whenever there is something new. */
  get facts(): readonly Fact<unknown>[] {
    return this.#mirror.facts
  }

  /** Oldest first. `disabled`: removed, or no longer in the configuration, or it answered 410. */
  list(): readonly Endpoint[] {
    const removed = new Set(
      this.#mirror.facts.flatMap((fact) => (fact.kind === 'endpoint-removed' ? [fact.subject] : [])),
    )
    return this.#mirror.facts.flatMap((fact) => {
      if (fact.kind !== 'endpoint') return []
      const body = fact.body as EndpointFact
      const configured = this.#configured.get(fact.key)
      if (body.origin === 'config' && configured === undefined) return []
      const { url, events } = configured ?? body
      const { origin } = body
      return [{ id: fact.key, url, events, origin, disabled: removed.has(fact.key), createdAt: fact.at }]
    })
  }

  /** @throws DavyError NOT_FOUND */
  get(id: string): Endpoint {
    const endpoint = this.list().find((each) => each.id === id)
    if (endpoint !== undefined) return endpoint
    throw new DavyError('NOT_FOUND', `There is no endpoint ${JSON.stringify(id.slice(0, 64))}.`, {
      expected: 'an id from GET /api/v1/endpoints',
      where: 'id',
    })
  }

  secretsOf(id: string): readonly string[] {
    const configured = this.#configured.get(id)
    if (configured !== undefined) return configured.secrets
    const fact = this.#mirror.facts.find((each) => each.kind === 'endpoint' && each.key === id)
    return fact === undefined ? [] : (fact.body as EndpointFact).secrets
  }

  /** @param secret a `whsec_` secret, which the caller shows once and nobody can read again. */
  async add(url: string, events: readonly EventType[], secret: string): Promise<Endpoint> {
    checkUrl(url)
    const id = this.#newId()
    const body: EndpointFact = { url, events, origin: 'api', secrets: [secret] }
    await this.#facts.putOnce('endpoint', id, id, body)
    await this.refresh()
    return this.get(id)
  }

  async remove(id: string): Promise<void> {
    const endpoint = this.get(id)
    if (endpoint.origin === 'config') {
      throw new DavyError('CONFLICT', `Endpoint ${id} comes from the configuration.`, {
        expected: 'its removal from `webhooks` in DAVY_CONFIG and a restart',
      })
    }
    await this.disable(id)
  }

  async disable(id: string): Promise<void> {
    await this.#facts.putOnce('endpoint-removed', id, id, {})
    await this.refresh()
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const isWeb = parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:')
  if (parsed !== null && isWeb && parsed.username === '' && parsed.password === '') return
  throw new DavyError('UNPROCESSABLE', 'The endpoint is no address that a webhook can be sent to.', {
    expected: 'an http or https URL without user name and password; deliveries are signed instead',
    got: isWeb ? 'a URL with credentials' : JSON.stringify(url.slice(0, 100)),
    where: '/url',
  })
}
