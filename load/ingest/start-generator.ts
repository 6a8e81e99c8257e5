import { fork } from 'node:child_process'
import type { Report, Task } from './generator.ts'

type Done<Name extends Report['done']> = Extract<Report, { done: Name }>

/** The load generator in a process of its own, so that its work is on nobody's account. */
export type Generator = {
  prepare(task: Omit<Extract<Task, { do: 'prepare' }>, 'do'>): Promise<Done<'prepared'>>
  /** @throws Error when an answer is neither full success nor a request to come again. */
  send(task: Omit<Extract<Task, { do: 'send' }>, 'do'>): Promise<Done<'sent'>>
  stop(): void
}

/** Starts it; one task at a time. */
export function startGenerator(): Generator {
  const child = fork(new URL('./generator.ts', import.meta.url), { env: { ...process.env, UV_THREADPOOL_SIZE: '4' } })
  function ask(task: Task): Promise<Report> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load generator ended with ${code}`))
      child.once('exit', onExit)
      child.once('message', (report: Report) => {
        child.off('exit', onExit)
        if (report.done === 'failed') reject(new Error(`the load generator failed: ${report.error}`))
        else resolve(report)
      })
      child.send(task)
    })
  }
  return {
    prepare: async (task) => (await ask({ do: 'prepare', ...task })) as Done<'prepared'>,
    send: async (task) => (await ask({ do: 'send', ...task })) as Done<'sent'>,
    stop: () => {
      if (child.connected) child.disconnect()
    },
  }
}
