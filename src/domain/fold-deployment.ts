import { byWriting } from './by-writing.ts'
import type { Deployment, Outcome, Override, Progress } from './deployment.ts'

/**
 * A deployment as it was opened; everything that happens to it later is a fact of its own. `turn` tells the later of two
 * openings whatever clocks say; absent in those of earlier versions.
 */
export type Opening = Omit<Deployment, 'status' | 'outcome' | 'endedAt' | 'progress' | 'override' | 'supersededBy'> & {
  readonly turn?: number
}

type Adoption = Pick<Deployment, 'mode' | 'template' | 'templateDigest' | 'plannedWeight'>
/** `by`: absent in a bundle of evidence. */
type Closing = { readonly outcome: Outcome; readonly by?: string; readonly supersededBy: string | null }

export type DeploymentFact = { readonly key: string; readonly subject: string; readonly at: string } & (
  | { readonly kind: 'deployment'; readonly body: Opening }
  | { readonly kind: 'adopt'; readonly body: Adoption }
  | { readonly kind: 'progress'; readonly body: Progress }
  | { readonly kind: 'override'; readonly body: Override }
  | { readonly kind: 'close'; readonly body: Closing }
)

/**
 * A deployment as its facts, in whatever order they came to light, make it; null while its opening is not among them.
 * What was written after it was closed changes nothing.
 */
export function foldDeployment(facts: Iterable<DeploymentFact>): Deployment | null {
  let deployment: Deployment | null = null
  for (const fact of [...facts].sort(byOpeningThenWriting)) {
    if (fact.kind === 'deployment') deployment ??= openedDeployment(fact.body)
    else if (deployment !== null && deployment.status === 'open') deployment = apply(deployment, fact)
  }
  return deployment
}

function byOpeningThenWriting(a: DeploymentFact, b: DeploymentFact): number {
  const isOpening = (fact: DeploymentFact): number => (fact.kind === 'deployment' ? 0 : 1)
  return isOpening(a) - isOpening(b) || byWriting(a, b)
}

/** A deployment of which nothing is known but that it was opened. */
export function openedDeployment({ turn: _order, ...opening }: Opening): Deployment {
  return {
    ...opening,
    status: 'open',
    outcome: null,
    endedAt: null,
    progress: [],
    override: null,
    supersededBy: null,
  }
}

function apply(deployment: Deployment, fact: Exclude<DeploymentFact, { kind: 'deployment' }>): Deployment {
  switch (fact.kind) {
    case 'adopt': {
      // From now on somebody asked for it, so it ranks as what was registered.
      const { mode, template, templateDigest, plannedWeight } = fact.body
      return { ...deployment, mode, template, templateDigest, plannedWeight, origin: 'api' }
    }
    case 'progress':
      return { ...deployment, progress: [...deployment.progress, fact.body] }
    case 'override':
      return { ...deployment, override: fact.body }
    case 'close': {
      const { outcome, supersededBy } = fact.body
      return { ...deployment, status: 'closed', outcome, supersededBy, endedAt: fact.at }
    }
  }
}
