import { spawn } from 'node:child_process'

/**
 * Runs `node <arguments>` in its place and takes it down when it is told to stop or when the demo is gone, however
 * the demo ended: Davy itself has no reason to watch a parent.
 */
const graceMs = 10_000

// A process group of its own: a Ctrl-C in the terminal must reach Davy last, after the shop has sent its spans.
const child = spawn(process.execPath, process.argv.slice(2), {
  stdio: ['ignore', 'inherit', 'inherit'],
  detached: true,
})
let stopping = false

function stop(): void {
  if (stopping) return
  stopping = true
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), graceMs)
}

child.on('spawn', () => process.send?.({ ready: String(child.pid) }))
child.on('error', (error) => {
  console.error(`could not start ${process.execPath}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  if (signal !== null) console.error(`ended by ${signal}`)
  process.exit(stopping ? 0 : (code ?? 1))
})
process.on('SIGTERM', stop)
process.on('disconnect', stop)
process.on('SIGINT', () => {})
