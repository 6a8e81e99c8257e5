import type { Approval } from '../../domain/approval.ts'
import type { Endpoint } from '../../domain/sink.ts'
import type { Services } from '../services.ts'

/**
 * Puts a platform's question to every endpoint that answers it. They are asked once, however often the platform asks.
 * @param askedOf null: the endpoint cannot answer it. @param none is called when none that is on can.
 * @returns the ids of those that were asked.
 */
export async function askEndpoints(
  { endpoints, approvals, now }: Pick<Services, 'endpoints' | 'approvals' | 'now'>,
  isAnswerer: (endpoint: Endpoint) => boolean,
  askedOf: (endpoint: Endpoint) => Omit<Approval, 'askedAt'> | null,
  none: () => readonly string[],
): Promise<readonly string[]> {
  await endpoints.refresh()
  const answerers = endpoints.list().filter((endpoint) => !endpoint.disabled && isAnswerer(endpoint))
  const questions = answerers.flatMap((endpoint) => askedOf(endpoint) ?? [])
  if (questions.length === 0) return none()
  const askedAt = new Date(now()).toISOString()
  await Promise.all(questions.map((question) => approvals.ask({ ...question, askedAt })))
  return questions.map(({ endpoint }) => endpoint)
}

/**
 * The service or environment that an endpoint answers for: what its settings name, else the first of `candidates`. Never
 * what a deployment says of itself: whoever is to be held back could name another one that does well.
 * @param named of the endpoint; of several the one that is a candidate. @returns null when that is nobody's to say.
 */
export function answeredFor(named: readonly string[], candidates: readonly (string | undefined)[]): string | null {
  const given = candidates.filter((candidate) => candidate !== undefined)
  if (named.length === 0) return given[0] ?? null
  const [only, ...others] = named
  return given.find((candidate) => named.includes(candidate)) ?? (others.length === 0 ? (only ?? null) : null)
}
