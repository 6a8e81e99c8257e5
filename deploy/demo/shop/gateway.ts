import { call } from './call.ts'
import { createRouter, type RouterArm } from './router.ts'
import { type Handler, type Reply, runService } from './service.ts'

const router = createRouter(Math.random)

function forward(method: string, path: string): Handler {
  return async (body): Promise<Reply> => {
    const origin = router.next()
    if (origin === null) return { status: 503, body: { error: 'no version of checkout takes traffic' } }
    const { status, body: answer } = await call(method, new URL(path, origin), body)
    return { status, body: answer }
  }
}

process.on('message', (message: { arms: readonly RouterArm[] }) => {
  router.setArms(message.arms)
  process.send?.({ routed: true })
})

runService({
  'GET /cart': forward('GET', '/cart'),
  'POST /checkout': forward('POST', '/checkout'),
  'POST /pay': forward('POST', '/pay'),
})
