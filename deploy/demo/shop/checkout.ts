import { call } from './call.ts'
import { centsOf, prices } from './catalogue.ts'
import { type Reply, runService } from './service.ts'
import { work } from './work.ts'

const version = process.env.SHOP_VERSION ?? 'unknown'
const paymentsUrl = new URL('/payments', process.env.PAYMENTS_ORIGIN)

async function pay(body: unknown): Promise<Reply> {
  const item = (body as { item?: unknown } | null)?.item
  const price = typeof item === 'number' ? prices[item] : undefined
  if (price === undefined)
    return { status: 400, body: { error: `item: expected 0 to ${prices.length - 1}, got ${item}` } }
  await work(8)
  const payment = await call('POST', paymentsUrl, { cents: centsOf(price, version) })
  if (payment.status === 200) return { status: 200, body: { version, ...(payment.body as object) } }
  // No fault of the shop's, but a sale that was lost: this shop counts declined cards as failed requests.
  if (payment.status === 402) return { ...payment, failure: 'payment declined' }
  return {
    status: 502,
    body: { error: 'payments refused the request', cause: payment.body },
    failure: 'payment failed',
  }
}

runService({
  'GET /cart': async () => {
    await work(22)
    return { status: 200, body: { version, items: prices.length } }
  },
  'POST /checkout': async () => {
    await work(24)
    return { status: 200, body: { version, order: Date.now().toString(36) } }
  },
  'POST /pay': pay,
})
