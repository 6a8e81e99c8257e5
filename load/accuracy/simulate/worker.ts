import { parentPort } from 'node:worker_threads'
import { type Work, work } from './work.ts'

type Order = { [Name in keyof Work]: { readonly name: Name; readonly task: Parameters<Work[Name]>[0] } }[keyof Work]

parentPort?.on('message', (order: Order) => {
  parentPort?.postMessage(order.name === 'learn' ? work.learn(order.task) : work.simulate(order.task))
})
