/** What an event of Flagger means for the deployment. */
export type FlaggerEvent =
  /** A revision is new: nothing that was measured so far is about it. */
  | { readonly type: 'revision' }
  /** The canary is ready and has no traffic. */
  | { readonly type: 'start' }
  | { readonly type: 'weight'; readonly weight: number }
  | { readonly type: 'iteration'; readonly iteration: string }
  | { readonly type: 'ended'; readonly outcome: 'promoted' | 'rolled-back' }

/** The texts of Flagger 1.44 that change something, in the words of its source (pkg/controller). */
const texts: readonly (readonly [RegExp, (match: RegExpExecArray) => FlaggerEvent])[] = [
  [/^New revision detected! /, () => ({ type: 'revision' })],
  [/^Starting canary analysis for /, () => ({ type: 'start' })],
  [/^Advance \S+ canary weight (\d{1,3})$/, ([, weight]) => ({ type: 'weight', weight: Number(weight) })],
  [/^Advance \S+ canary iteration (\d+\/\d+)$/, ([, iteration]) => ({ type: 'iteration', iteration: `${iteration}` })],
  [/^Routing all traffic to canary/, () => ({ type: 'weight', weight: 100 })],
  [/^Promotion completed! /, () => ({ type: 'ended', outcome: 'promoted' })],
  [/^Rolling back /, () => ({ type: 'ended', outcome: 'rolled-back' })],
  [/^Canary failed! /, () => ({ type: 'ended', outcome: 'rolled-back' })],
]

/** What the text of an event says; null when it changes nothing. */
export function readFlaggerEvent(message: string): FlaggerEvent | null {
  for (const [pattern, read] of texts) {
    const match = pattern.exec(message)
    if (match !== null) return read(match)
  }
  return null
}
