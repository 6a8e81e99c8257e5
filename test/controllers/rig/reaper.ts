import { rmSync } from 'node:fs'

/*
 * Outlives a test run that was killed: once the other end of its channel is gone, it kills what was still running and
 * removes the folder.
 */

/** What the test run tells the reaper. */
export type ReaperMessage = { readonly started: number } | { readonly ended: number } | { readonly folder: string }

const running = new Set<number>()
const folders = new Set<string>()

process.on('message', (message: ReaperMessage) => {
  if ('started' in message) running.add(message.started)
  else if ('ended' in message) running.delete(message.ended)
  else folders.add(message.folder)
})

process.on('disconnect', () => {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // Gone by itself in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') console.error(`process ${pid} could not be killed`, error)
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
