import { randomUUID } from 'node:crypto'
import { lstat, mkdir, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { CommandEnd } from './cli/command-end.ts'
import { oneLine, type Terminal } from './cli/terminal.ts'
import { DavyError } from './domain/errors.ts'
import { formatAmount } from './domain/format.ts'
import { StorageError } from './domain/storage.ts'
import { lockDirectory } from './engine/ingest/directory-lock.ts'
import type { Config } from './platform/config.ts'
import { copyDirectory } from './storage/copy-directory.ts'
import { openStorage } from './storage/open-storage.ts'

type Told = Pick<Terminal, 'clock' | 'write'>

const keepSafe = 'It holds the secrets of endpoints: keep it as you keep those.'

/**
 * `davy backup`: copies what Davy knows to a place where nothing is yet, and says how to restore it. The embedded storage
 * is copied with its segments while Davy is stopped; a ClickHouse server does it by BACKUP while Davy runs.
 * @throws CommandEnd 2 for a place that does not fit the storage, 1 when no backup was made, or a server does not say.
 */
export async function runBackup({ storageUrl }: Pick<Config, 'storageUrl'>, to: string, told: Told): Promise<void> {
  if (storageUrl.startsWith('chdb:')) await copyEmbedded(resolve(storageUrl.slice('chdb:'.length)), to, told)
  else await backUpServer(storageUrl, to, told)
}

async function copyEmbedded(data: string, to: string, { clock, write }: Told): Promise<void> {
  if (to.includes('(')) throw new CommandEnd(2, 'an embedded storage is copied into a directory; expected its path')
  const target = resolve(to)
  if (`${target}${sep}`.startsWith(`${data}${sep}`)) throw new CommandEnd(2, `${target} lies in what is to be copied`)
  await expectOwnData(data)
  if ((await lstat(target).catch(() => null)) !== null) {
    throw new CommandEnd(1, `${target} is there already; expected the name of a directory that is not`)
  }
  await expectClosed(data)
  let toldAt = clock.now()
  const onCopied = (bytes: number, ofBytes: number) => {
    if (clock.now() - toldAt < 5_000) return
    toldAt = clock.now()
    write(`${formatAmount(bytes)}B of ${formatAmount(ofBytes)}B\n`)
  }
  try {
    const segments = join(data, 'segments')
    await mkdir(segments, { recursive: true })
    const lock = await lockDirectory(segments)
    const { files, bytes } = await copyDirectory(data, target, onCopied).finally(() => lock[Symbol.asyncDispose]())
    write(
      `${target} has ${files} files, ${formatAmount(bytes)}B: all of ${data}, with what was accepted and not yet stored.\n` +
        `To restore: stop Davy, put a copy of it in the place of ${data}, with the same owner, start Davy. ${keepSafe}\n`,
    )
  } catch (error) {
    throw new CommandEnd(1, `no backup was made: ${error instanceof Error ? error.message : error}`)
  }
}

/** Opening a storage that is not there would create it; as another user it would leave files that Davy cannot write. */
async function expectOwnData(data: string): Promise<void> {
  const found = await stat(join(data, 'store')).catch(() => null)
  if (found === null) throw new CommandEnd(1, `no embedded storage is in ${data}, which DAVY_STORAGE_URL names`)
  const uid = process.getuid?.() ?? found.uid
  if (uid !== found.uid) throw new CommandEnd(1, `${data} is user ${found.uid}'s: run it as that user, not as ${uid}`)
}

/** The engine's own lock alone tells whether anybody has the storage open. */
async function expectClosed(data: string): Promise<void> {
  const { storage } = await openStorage(`chdb:${data}`).catch((error: unknown) => {
    if (!(error instanceof DavyError) || error.code !== 'STORAGE_DOWN') throw error
    throw new CommandEnd(
      1,
      `${error.message} Expected a Davy that is stopped; while it runs, snapshot its volume instead.`,
    )
  })
  await storage.close()
}

const text = String.raw`'[^'\\\n]+'`
/** What may stand behind TO: nothing else gets into the statement. Keys belong in the server, not on a command line. */
const destination = new RegExp(`^(Disk\\(${text}, ?${text}\\)|File\\(${text}\\)|S3\\(([A-Za-z_]\\w*, ?)?${text}\\))$`)

type Status = { readonly status: string; readonly error: string; readonly files: number; readonly bytes: number }

async function backUpServer(url: string, to: string, { clock, write }: Told): Promise<void> {
  if (!destination.test(to)) {
    const forms =
      "Disk('backups', 'davy-1'), File('/backups/davy-1'), S3('https://bucket…/davy-1') or S3(collection, 'davy-1')"
    throw new CommandEnd(2, `expected where the ClickHouse server shall write: ${forms}; keys in its named collection`)
  }
  const id = randomUUID()
  const { storage, dialect } = await openStorage(url)
  const ask = () =>
    storage.query<Status>(
      `SELECT toString(status) AS status, error, num_files AS files, total_size AS bytes FROM system.backups
        WHERE id = {id:String}`,
      { id },
    )
  try {
    await ask()
    const [{ name } = { name: '' }] = await storage.query<{ name: string }>('SELECT currentDatabase() AS name')
    const database = `DATABASE \`${name.replaceAll(/[\\`]/g, '\\$&')}\`${dialect.onCluster}`
    // In the background, for it may take longer than a connection lives.
    await storage.command(`BACKUP ${database} TO ${to} SETTINGS id = '${id}' ASYNC`)
    write(`the server writes backup ${id}, even when this command ends: its status is in system.backups\n`)
    for (let seconds = 1; ; seconds += 1) {
      const [row] = await ask()
      if (row === undefined) throw new CommandEnd(1, `the server that answers now does not know backup ${id}`)
      if (row.status === 'BACKUP_CREATED') {
        write(
          `${to} has ${row.files} files, ${formatAmount(row.bytes)}B: all but what was accepted and not yet stored.\n` +
            `To restore: stop Davy, RESTORE ${database} FROM ${to} on a server without these tables, start Davy. ${keepSafe}\n`,
        )
        return
      }
      if (row.status !== 'CREATING_BACKUP') throw refused(`${row.status} ${row.error}`)
      if (seconds % 10 === 0) write(`${row.status} for ${seconds} s\n`)
      await clock.sleep(1_000)
    }
  } catch (error) {
    throw error instanceof StorageError ? refused(error.message) : error
  } finally {
    await storage.close()
  }
}

function refused(why: string): CommandEnd {
  const words = oneLine(why.replace(/, Stack trace[\s\S]*/, '')).slice(0, 500)
  const expected =
    "a place where nothing is yet, on a disk of the server's backups.allowed_disk or in its backups.allowed_path, and a user " +
    'who may BACKUP the database and read system.backups'
  return new CommandEnd(1, `the ClickHouse server says: ${words} Expected: ${expected}.`)
}
