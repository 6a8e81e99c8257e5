import { setImmediate } from 'node:timers/promises'
import { type LogRecord, readLogRecord } from '../../judges/log-templates/read-log-record.ts'
import { openLineScanner } from '../../judges/log-templates/scan-line.ts'
import { skeletonVersion } from '../../judges/log-templates/skeleton-hash.ts'
import { type SavedMiner, TemplateMiner } from '../../judges/log-templates/template-miner.ts'
import { inTurns } from './in-turns.ts'
import { hashOf, readExample, writeExample } from './stored-example.ts'

/** Distinct exceptions of one service; more are counted without telling them apart. */
const mostExceptions = 2000

/** Skeletons of messages of one service. A full miner puts templates for them, then drops the rarest. */
const mostSkeletons = 5000

/** So many rows of the rollup say all that a miner knows. */
export const mostKnown = mostSkeletons + mostExceptions

/** A record's skeleton: its hash, 0 when it is not kept, and the form that the rollup keeps. */
type MinedRecord = { readonly skeleton: number; readonly example: () => string }

/** Reads the lines of one service. It remembers at most {@link mostKnown} skeletons, about 10 MB. */
export type ServiceMiner = {
  /** At once, unless room has to be made: that takes a while, and lets others have their turn. */
  read(record: LogRecord, lines: number): MinedRecord | Promise<MinedRecord>
}

/** So many stored skeletons are read in about a millisecond; then others have their turn. */
const examplesOfTurn = 250

const unkept: MinedRecord = { skeleton: 0, example: () => '' }

/** @param known stored forms of the skeletons that were counted before, so that a restart goes on where it ended. */
export async function openServiceMiner(
  known: Iterable<{ readonly example: string; readonly lines: number }>,
): Promise<ServiceMiner> {
  const scan = openLineScanner()
  const exceptions = new Set<string>()
  const skeletons: SavedMiner['skeletons'][number][] = []
  let read = 0
  for (const { example, lines } of known) {
    read += 1
    if (read % examplesOfTurn === 0) await setImmediate()
    const { kind, text, shown } = readExample(example, scan)
    if (kind === 'exception') exceptions.add(text)
    else skeletons.push({ text, lines, example: shown, isTemplate: kind === 'template' })
  }
  const saved = { skeletons, aliases: [], unlearntLines: 0, lengths: [] }
  const miner = new TemplateMiner(undefined, mostSkeletons)
  await inTurns(miner.mergeInSteps({ version: skeletonVersion, ...saved }))

  return {
    read(record, lines) {
      const read = readLogRecord(record)
      const { shown } = read
      if (read.kind === 'exception') {
        const exception = { kind: read.kind, text: read.tokens.join('\n'), shown }
        if (!exceptions.has(exception.text) && exceptions.size >= mostExceptions) return unkept
        exceptions.add(exception.text)
        return { skeleton: hashOf(exception), example: () => writeExample(exception, scan) }
      }
      const added = miner.addInSteps(read.text, lines)
      return typeof added === 'number' ? minedOf(added, shown) : inTurns(added).then((hash) => minedOf(hash, shown))
    },
  }

  function minedOf(skeleton: number, shown: string): MinedRecord {
    const found = skeleton === 0 ? null : miner.skeletonOf(skeleton)
    if (found === null) return unkept
    const kind = found.isTemplate ? 'template' : 'message'
    return { skeleton, example: () => writeExample({ kind, text: found.text, shown }, scan) }
  }
}
