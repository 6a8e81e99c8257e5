import { byWriting } from '../domain/by-writing.ts'
import type { Deployment } from '../domain/deployment.ts'
import { type DeploymentFact, foldDeployment } from '../domain/fold-deployment.ts'
import { isLater, turnOf } from '../domain/is-later.ts'
import type { Fact, FactKind, Facts } from '../storage/facts.ts'
import { coalesce } from './coalesce.ts'
import { FactTail } from './fact-tail.ts'

const kinds: readonly FactKind[] = ['deployment', 'adopt', 'progress', 'override', 'close', 'kill-switch']

type KillSwitchFact = Fact<unknown> & { readonly kind: 'kill-switch' }

/** All deployments as the facts make them, folded anew where a fact came in and nowhere else. */
export class Register {
  readonly #read: () => Promise<void>
  /** The facts by kind and key, and once more by the deployment that they belong to. */
  readonly #byKey = new Map<string, DeploymentFact>()
  readonly #bySubject = new Map<string, Map<string, DeploymentFact>>()
  readonly #all = new Map<string, Deployment>()
  #killSwitch: KillSwitchFact | null = null
  #turn = 0
  #newestFirst: readonly Deployment[] = []

  constructor(facts: Facts) {
    const tail = new FactTail(facts, kinds)
    // Outlives a reading of which a later page failed: what was handed over is not handed over again.
    const touched = new Set<string>()
    this.#read = coalesce(async () => {
      await tail.read((fact) => this.#take(fact as DeploymentFact | KillSwitchFact, touched))
      this.#fold(touched)
      touched.clear()
    })
  }

  /** Takes in everything that was written before the call. */
  refresh(): Promise<void> {
    return this.#read()
  }

  get(id: string): Deployment | undefined {
    return this.#all.get(id)
  }

  /** Newest first. */
  list(): readonly Deployment[] {
    return this.#newestFirst
  }

  get killSwitch(): Fact<unknown> | null {
    return this.#killSwitch
  }

  /** All that was written of a deployment, in the order of the writing. */
  history(id: string): readonly DeploymentFact[] {
    return [...(this.#bySubject.get(id)?.values() ?? [])].sort(byWriting)
  }

  /** Greater than that of every fact so far: what is written with it is later than what is known, by {@link isLater}. */
  get nextTurn(): number {
    return this.#turn + 1
  }

  /** Of two deployments, whether the first was opened later. */
  isOpenedLater(id: string, than: string): boolean {
    const [opening, other] = [this.#openingOf(id), this.#openingOf(than)]
    return opening !== undefined && (other === undefined || isLater(opening, other))
  }

  #openingOf(id: string): DeploymentFact | undefined {
    for (const fact of this.#bySubject.get(id)?.values() ?? []) if (fact.kind === 'deployment') return fact
    return undefined
  }

  #take(fact: DeploymentFact | KillSwitchFact, touched: Set<string>): void {
    this.#turn = Math.max(this.#turn, turnOf(fact) ?? 0)
    if (fact.kind === 'kill-switch') {
      if (this.#killSwitch === null || isLater(fact, this.#killSwitch)) this.#killSwitch = fact
      return
    }
    const key = `${fact.kind}\0${fact.key}`
    const replaced = this.#byKey.get(key)
    // An earlier row of the same key came to light, perhaps of another deployment: that one has won.
    if (replaced !== undefined) {
      this.#bySubject.get(replaced.subject)?.delete(key)
      touched.add(replaced.subject)
    }
    this.#byKey.set(key, fact)
    const own = this.#bySubject.get(fact.subject) ?? new Map<string, DeploymentFact>()
    this.#bySubject.set(fact.subject, own.set(key, fact))
    touched.add(fact.subject)
  }

  #fold(touched: ReadonlySet<string>): void {
    if (touched.size === 0) return
    for (const id of touched) {
      const deployment = foldDeployment(this.#bySubject.get(id)?.values() ?? [])
      if (deployment === null) this.#all.delete(id)
      else this.#all.set(id, deployment)
    }
    this.#newestFirst = [...this.#all.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  }
}
