import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DavyError } from '../../domain/errors.ts'

/** Systems limit the path of a socket to about a hundred bytes. */
const maxPathBytes = 100

/**
 * Takes a directory for this process alone until the lock is disposed of, or the process ends however it ends. Two
 * processes on the same segments would delete each other's open files. The lock is a listening socket: the system takes
 * it back by itself, and what is left of a dead process answers nobody.
 * @throws DavyError CONFIG when another process has the directory.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const inside = join(resolve(directory), 'lock')
  const digest = createHash('sha256').update(inside).digest('hex').slice(0, 16)
  const outside = join(tmpdir(), `davy-${digest}.lock`)
  if (Buffer.byteLength(inside) > maxPathBytes) return lock(outside, directory)
  try {
    return await lock(inside, directory)
  } catch (error) {
    // Not every file system has sockets; some that are mounted into containers have none.
    if (error instanceof DavyError) throw error
    return lock(outside, directory)
  }
}

async function lock(path: string, directory: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy())
  if (!(await isListening(server, path))) {
    if (await isAnswered(path)) {
      throw new DavyError('CONFIG', 'Another process keeps its segments in this directory.', {
        expected: 'a directory of segments for each process',
        where: directory,
      })
    }
    await rm(path, { force: true })
    if (!(await isListening(server, path))) throw new Error(`${path} cannot be locked: another process was quicker`)
  }
  server.unref()
  return {
    [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())),
  }
}

/** @returns false when something of this name is there already. */
function isListening(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(path, () => resolve(true))
  })
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
