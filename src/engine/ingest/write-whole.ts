import { open, rename } from 'node:fs/promises'

/**
 * Writes a file through a temporary neighbour `<file>.tmp`: under its name it is there as a whole or not at all. Its
 * content is on disk for good; its name is once the directory is synced.
 */
export async function writeWhole(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(`${file}.tmp`, 'w')
  try {
    await handle.writeFile(content)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.tmp`, file)
}
