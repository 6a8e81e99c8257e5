/** Another process may have made what is waited for; it tells nobody here. */
const rereadMs = 5_000

export type Waiting<Answer> = {
  readonly read: () => Promise<Answer>
  /** Whether an answer ends the waiting. */
  readonly isNews: (answer: Answer) => boolean
  /** Calls back whenever there may be news; returns what ends that. */
  readonly subscribe: (wake: () => void) => () => void
  /** Ends the waiting: the time is over, the client left, Davy stops. */
  readonly signal: AbortSignal
}

/**
 * Long polling: the first answer that is news, or the last one once the signal aborts. It listens before it reads, so
 * nothing can happen unseen in between.
 */
export async function awaitNews<Answer>({ read, isNews, subscribe, signal }: Waiting<Answer>): Promise<Answer> {
  let isTold = false
  let wake = () => {}
  const tell = () => {
    isTold = true
    wake()
  }
  const unsubscribe = subscribe(tell)
  signal.addEventListener('abort', tell)
  try {
    for (;;) {
      isTold = false
      const answer = await read()
      if (isNews(answer) || signal.aborted) return answer
      if (isTold) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, rereadMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', tell)
  }
}
