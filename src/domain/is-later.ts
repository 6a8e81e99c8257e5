import { byWriting } from './by-writing.ts'

type Written = { readonly at: string; readonly key: string; readonly body: unknown }

/**
 * Whether a fact was written later than another of its kind. Where both bodies say their `turn`, one more than any that the
 * writer knew of, the greater one is later, since a clock may have been set back; else, and where two writers took the same
 * turn, their times decide. Facts of versions before there were turns say none.
 */
export function isLater(a: Written, b: Written): boolean {
  const [turnOfA, turnOfB] = [turnOf(a), turnOf(b)]
  if (turnOfA !== undefined && turnOfB !== undefined && turnOfA !== turnOfB) return turnOfA > turnOfB
  return byWriting(a, b) > 0
}

export function turnOf({ body }: Pick<Written, 'body'>): number | undefined {
  return (body as { readonly turn?: number }).turn
}
