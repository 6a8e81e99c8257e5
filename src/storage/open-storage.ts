import { DavyError } from '../domain/errors.ts'
import type { Storage } from '../domain/storage.ts'
import { placeOfUrl } from '../platform/hide-credentials.ts'
import { type Dialect, replicated, singleNode } from './dialect.ts'
import { ServerStorage } from './server.ts'

export type OpenStorage = { readonly storage: Storage; readonly dialect: Dialect }

/** Imported when it is asked for: the slim image has no chDB, half a gigabyte that a server's users do not need. */
async function openEmbedded(directory: string): Promise<Storage> {
  const { EmbeddedStorage } = await import('./embedded.ts').catch((cause: unknown) => {
    const hint = 'use the image with -embedded in its tag, run npm ci, or name a ClickHouse server'
    throw new DavyError('CONFIG', `DAVY_STORAGE_URL: chDB, the embedded ClickHouse, cannot be loaded; ${hint}.`, {
      expected: 'the package chdb, or the URL of a ClickHouse server',
      got: cause instanceof Error ? cause.message : String(cause),
      where: 'DAVY_STORAGE_URL',
      cause,
    })
  })
  return EmbeddedStorage.open(directory)
}

/**
 * Opens what a storage URL names: `chdb:<directory>`, or `http(s)://host:port[/database][?cluster=name]`.
 * @throws DavyError CONFIG for any other URL and where chDB is not installed, STORAGE_DOWN when the embedded directory
 * cannot be opened.
 */
export async function openStorage(url: string): Promise<OpenStorage> {
  if (url.startsWith('chdb:')) {
    return { storage: await openEmbedded(url.slice('chdb:'.length)), dialect: singleNode }
  }
  if (/^https?:\/\//.test(url) && URL.canParse(url)) {
    const parsed = new URL(url)
    const cluster = parsed.searchParams.get('cluster')
    return { storage: ServerStorage.open(parsed), dialect: cluster === null ? singleNode : replicated(cluster) }
  }
  throw new DavyError('CONFIG', 'The storage URL names no storage that Davy knows.', {
    expected: 'chdb:<directory>, or http(s)://host:port[/database][?cluster=name]',
    got: placeOfUrl(url),
    where: 'DAVY_STORAGE_URL',
  })
}
