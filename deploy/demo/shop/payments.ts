import { runService } from './service.ts'
import { work } from './work.ts'

/** So many cards are declined, in every release: with a quarter of the traffic on /pay, 2% of checkout's requests. */
const declineShare = 0.08

runService({
  'POST /payments': async (body) => {
    const cents = (body as { cents?: unknown } | null)?.cents
    if (!Number.isInteger(cents))
      return { status: 400, body: { error: `cents: expected a whole number, got ${cents}` } }
    await work(15)
    if (Math.random() < declineShare) return { status: 402, body: { error: 'the card was declined' } }
    return { status: 200, body: { paid: cents } }
  },
})
