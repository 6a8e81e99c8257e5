import { afterAll, beforeAll } from 'vitest'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'

/** What a suite over rollups works with: the storage that is open, its reader, and a directory for segments. */
type RollupBench = { readonly opened: Opened; readonly rollups: RollupReader; readonly directory: string }

/** Sets a suite's bench up and clears it away; to be called in its `describe`, to be read in its tests. */
export function rollupBench(current: () => Opened): RollupBench {
  const [directory, remove] = temporaryDirectory()
  let opened: Opened
  let rollups: RollupReader
  beforeAll(() => {
    opened = current()
    rollups = new RollupReader(opened.storage)
  })
  afterAll(remove)
  return {
    directory,
    get opened() {
      return opened
    },
    get rollups() {
      return rollups
    },
  }
}
