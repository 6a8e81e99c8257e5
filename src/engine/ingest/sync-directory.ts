import { open } from 'node:fs/promises'

/** Makes the names in a directory durable: a file that was created or renamed is found under its name after power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
