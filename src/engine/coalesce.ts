/**
 * `work` for any number of callers, one run at a time. A caller never shares a run that began before it came, since that
 * one may have read before the caller's own write was there; all who come while one runs share the next.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  return () => {
    next ??= running.then(() => {
      next = null
      const run = work()
      running = run.catch(() => undefined)
      return run
    })
    return next
  }
}
