import { DavyError } from '../../domain/errors.ts'
import type { Fact, Facts } from '../../storage/facts.ts'
import { FactMirror } from '../fact-mirror.ts'
import type { CanaryConfig } from './canary-schemas.ts'
import { checkedConfig, checkStored } from './check-config.ts'

/** More than that would be kept in memory for nobody. */
const mostConfigs = 2000

/** One write: the config as it then stood, or null for its deletion. */
type ConfigWrite = { readonly id: string; readonly isNew: boolean; readonly config: CanaryConfig | null }

/** What a list of configs says of one. */
export type ConfigEntry = {
  readonly id: string
  readonly name: string
  readonly updatedTimestamp: number
  readonly updatedTimestampIso: string
  readonly applications: readonly string[]
}

/** A config that is stored, with what the server sets. */
export type StoredConfig = CanaryConfig & ConfigEntry

/**
 * Canary configs, as facts: each write is one, and they stand in the order of their writing. A write that breaks a rule
 * at its place in that order (a new id that is taken, a name that one of the applications has) counts for nothing, so
 * of two at the same time one wins, on every replica the same; whoever wrote reads back whether it was theirs.
 */
export class CanaryConfigs {
  readonly #facts: Facts
  readonly #mirror: FactMirror
  readonly #now: () => number
  readonly #newId: () => string
  #folded: { readonly from: readonly Fact<unknown>[]; readonly state: Folded } | null = null

  /** @param newId gives ids to writes; they sort by time. */
  constructor(facts: Facts, now: () => number, newId: () => string) {
    this.#facts = facts
    this.#mirror = new FactMirror(facts, ['canary-config'])
    this.#now = now
    this.#newId = newId
  }

  /** Configs of any of these applications, or all, the one changed last first. */
  async list(applications: readonly string[]): Promise<readonly ConfigEntry[]> {
    const { live } = await this.#read()
    const isWanted = (config: StoredConfig) => config.applications.some((each) => applications.includes(each))
    return [...live.values()]
      .filter((config) => applications.length === 0 || isWanted(config))
      .sort((a, b) => b.updatedTimestamp - a.updatedTimestamp)
      .map(({ id, name, updatedTimestamp, updatedTimestampIso, applications: of }) => ({
        ...{ id, name, updatedTimestamp, updatedTimestampIso },
        applications: of,
      }))
  }

  /** @throws DavyError NOT_FOUND */
  async get(id: string): Promise<StoredConfig> {
    const config = (await this.#read()).live.get(id)
    if (config === undefined) throw new DavyError('NOT_FOUND', `There is no canary config '${id}'.`, { where: '{id}' })
    return config
  }

  /** Stores a new config. @returns its id. @throws DavyError VALIDATION also for an id or a name that is taken. */
  async add(body: unknown, newConfigId: () => string): Promise<string> {
    const given = checkedConfig(body)
    checkStored(given)
    const { live } = await this.#read()
    if (live.size >= mostConfigs) {
      throw new DavyError('VALIDATION', `There are ${mostConfigs} canary configs already; delete some.`)
    }
    const id = given.id === undefined || given.id === '' ? newConfigId() : given.id
    const created = given.createdTimestamp ?? this.#now()
    await this.#write({ id, isNew: true, config: stamped(given, id, created, given.updatedTimestamp ?? created) })
    return id
  }

  /** Replaces a config. @throws DavyError VALIDATION also when there is none. */
  async replace(id: string, body: unknown): Promise<string> {
    const given = checkedConfig(body)
    checkStored(given)
    const before = (await this.#read()).live.get(id)
    if (before === undefined) throw new DavyError('VALIDATION', `Canary config '${id}' does not exist.`)
    const created = given.createdTimestamp ?? before.createdTimestamp ?? this.#now()
    await this.#write({ id, isNew: false, config: stamped(given, id, created, this.#now()) })
    return id
  }

  /** @throws DavyError NOT_FOUND */
  async remove(id: string): Promise<void> {
    await this.get(id)
    await this.#write({ id, isNew: false, config: null })
  }

  async #write(write: ConfigWrite): Promise<void> {
    const key = this.#newId()
    await this.#facts.putOnce('canary-config', key, write.id, write)
    const fault = (await this.#read()).faults.get(key)
    if (fault !== undefined) throw new DavyError('VALIDATION', fault)
  }

  async #read(): Promise<Folded> {
    await this.#mirror.refresh()
    const from = this.#mirror.facts
    if (this.#folded?.from !== from) this.#folded = { from, state: fold(from as readonly Fact<ConfigWrite>[]) }
    return this.#folded.state
  }
}

type Folded = { readonly live: ReadonlyMap<string, StoredConfig>; readonly faults: ReadonlyMap<string, string> }

function fold(facts: readonly Fact<ConfigWrite>[]): Folded {
  const live = new Map<string, StoredConfig>()
  const faults = new Map<string, string>()
  for (const { key, body } of facts) {
    const fault = faultOf(live, body)
    if (fault !== null) faults.set(key, fault)
    else if (body.config === null) live.delete(body.id)
    else live.set(body.id, body.config as StoredConfig)
  }
  return { live, faults }
}

function faultOf(live: ReadonlyMap<string, StoredConfig>, { id, isNew, config }: ConfigWrite): string | null {
  if (isNew && live.has(id)) return `Canary config '${id}' already exists.`
  if (!isNew && !live.has(id)) return config === null ? null : `Canary config '${id}' does not exist.`
  const { name, applications = [] } = config ?? {}
  for (const other of live.values()) {
    if (other.id === id || other.name !== name) continue
    const shared = other.applications.filter((each) => applications.includes(each))
    if (shared.length === 0) continue
    return `Canary config with name '${name}' already exists in the scope of applications [${shared.join(', ')}].`
  }
  return null
}

function stamped(config: CanaryConfig, id: string, created: number, updated: number): StoredConfig {
  return {
    ...config,
    ...{ id, name: config.name ?? '', applications: config.applications ?? [] },
    ...{ createdTimestamp: created, createdTimestampIso: new Date(created).toISOString() },
    ...{ updatedTimestamp: updated, updatedTimestampIso: new Date(updated).toISOString() },
  }
}
