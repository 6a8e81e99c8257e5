import { DavyError } from '../../domain/errors.ts'
import type { SeriesSource } from '../../domain/series-source.ts'

/** Where configs and results are: in Davy, whatever name a client has for it. */
export const storeName = 'davy'

/** The sources of series, by the names that requests call them. */
export class Accounts {
  readonly #sources: ReadonlyMap<string, SeriesSource>

  /** @param sources the first one is what is meant when nobody says. */
  constructor(sources: ReadonlyMap<string, SeriesSource>) {
    this.#sources = sources
  }

  /**
   * The source that a request means: by name, else the first one that can answer its metrics.
   * @param types what the metrics' queries say they are.
   * @throws DavyError VALIDATION for an unknown name: which data is judged is never guessed.
   */
  resolve(
    name: string | undefined,
    types: readonly string[] = [],
  ): { readonly name: string; readonly source: SeriesSource } {
    const all = [...this.#sources]
    const found =
      name === undefined || name === ''
        ? (all.find(([, { type }]) => types.every((each) => each === type)) ?? all[0])
        : all.find(([each]) => each === name)
    if (found !== undefined) return { name: found[0], source: found[1] }
    throw new DavyError('VALIDATION', `Unable to resolve account '${name}'.`, {
      ...{ expected: `one of ${all.map(([each]) => each).join(', ')}`, where: '?metricsAccountName' },
    })
  }

  /** As Kayenta lists its credentials: the sources, and Davy's own store. */
  credentials(): readonly object[] {
    const of = (name: string, type: string, supportedTypes: readonly string[]) => {
      return { name, type, supportedTypes, locations: [], recommendedLocations: [] }
    }
    const store = ['OBJECT_STORE', 'CONFIGURATION_STORE']
    const entries = [...this.#sources].map(([name, { type }]) =>
      of(name, type, name === storeName ? ['METRICS_STORE', ...store] : ['METRICS_STORE']),
    )
    return this.#sources.has(storeName) ? entries : [...entries, of(storeName, 'davy', store)]
  }

  /** The accounts that metrics can be read from. */
  metricsServices(): readonly object[] {
    return [...this.#sources].map(([name, { type }]) => ({ name, type, locations: [], recommendedLocations: [] }))
  }
}
