import { open } from 'node:fs/promises'

/**
 * Makes what is in a file durable, or the names in a directory: a file that was created or renamed is found under its name
 * after power loss.
 */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
