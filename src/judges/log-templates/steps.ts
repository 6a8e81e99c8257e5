/** Work that can be left between its steps, none of which takes long, for others to have their turn. */
export type Steps<Result> = Generator<undefined, Result, undefined>

/** Takes all steps, one right after the other. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}
