import type { Deployment } from '../../domain/deployment.ts'
import type { Judge } from '../../domain/judge.ts'
import type { Look } from '../../domain/look.ts'
import type { Conclusion, Verdict } from '../../domain/verdict.ts'
import { type JsonDifference, jsonDifferences } from './json-differences.ts'
import { RunningTrial } from './running-trial.ts'
import { verdictOf } from './verdict-of.ts'

/** A look as a bundle of evidence holds it. */
export type RecordedLook = Pick<Look, 'look' | 'at' | 'evidence' | 'verdict'>

export type ReplayInput = {
  /**
   * What the deployment was, one after another: as it was opened, then as each thing that happened to it left it. Which of
   * them a look saw is not on record, only that no later look saw an earlier one.
   */
  readonly states: readonly Deployment[]
  /** All of them in order, look 0 first. */
  readonly looks: readonly RecordedLook[]
  readonly judge: Judge
  /** The id of the verdict of a look that was decided at `at`, Unix milliseconds. */
  readonly idOf: (at: number, look: number) => string
}

export type LookDifference = JsonDifference & { readonly look: number }

/**
 * Folds recorded looks through the judge once more and compares each verdict, as JSON to the byte, with the one on record.
 * Engine and public URL are taken from the record, since they say who decided and not what.
 *
 * @returns every difference, in the order of the looks; [] when all are the same
 * @throws RangeError without a state
 */
export function replayLooks({ states, looks, judge, idOf }: ReplayInput): LookDifference[] {
  if (states.length === 0) throw new RangeError('replay: expected at least the deployment as it was opened')
  const trials = new Map<string, RefoldedTrial>()
  let seen = 0
  return looks.flatMap((recorded, index) => {
    const compare = (state: Deployment): JsonDifference[] => {
      const trial = trials.get(state.templateDigest) ?? new RefoldedTrial(state, looks, judge)
      trials.set(state.templateDigest, trial)
      return jsonDifferences(recorded.verdict, verdictAgain(state, recorded, trial.conclusionAt(index), idOf))
    }
    let nearest: JsonDifference[] | null = null
    for (const [later, state] of states.slice(seen).entries()) {
      const differences = compare(state)
      if (differences.length === 0) {
        seen += later
        return []
      }
      if (nearest === null || differences.length < nearest.length) nearest = differences
    }
    return (nearest ?? []).map((difference) => ({ look: recorded.look, ...difference }))
  })
}

/** The conclusions under one template. An adopted deployment's looks are all folded anew under the template that it got. */
class RefoldedTrial {
  readonly #trial: RunningTrial
  readonly #looks: readonly RecordedLook[]
  readonly #conclusions: Conclusion[] = []

  constructor(state: Deployment, looks: readonly RecordedLook[], judge: Judge) {
    this.#trial = RunningTrial.reopen(state, looks[0], judge)
    this.#looks = looks
  }

  conclusionAt(index: number): Conclusion {
    for (const look of this.#looks.slice(this.#conclusions.length, index + 1)) {
      this.#conclusions.push(this.#trial.take(look))
    }
    return this.#conclusions[index] as Conclusion
  }
}

function verdictAgain(
  state: Deployment,
  { look, at, verdict }: RecordedLook,
  conclusion: Conclusion,
  idOf: ReplayInput['idOf'],
): Verdict {
  const { engine, reportUrl } = verdict
  const publicUrl = reportUrl.slice(0, Math.max(0, reportUrl.lastIndexOf('/deployments/')))
  return verdictOf(state, conclusion, { id: idOf(at, look), look, at, engine, publicUrl })
}
