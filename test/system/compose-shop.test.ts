import { expect, it } from 'vitest'
import { runShop } from '../../deploy/compose/shop/shop.ts'

it('the shop of the compose stack starts, and stops when it is told to', async () => {
  const stop = new AbortController()
  const told = new Error('told')
  const plan = (function* () {
    stop.abort(told)
    yield { version: '2.0.2', keep: true, beforeSeconds: 60, seconds: 60 }
  })()
  await expect(runShop('http://127.0.0.1:9', plan, stop)).rejects.toMatchObject({ name: 'AbortError', cause: told })
})
