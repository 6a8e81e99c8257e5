import { DavyError } from '../domain/errors.ts'
import type { Storage } from '../domain/storage.ts'
import { type Dialect, replicated, singleNode } from './dialect.ts'
import { EmbeddedStorage } from './embedded.ts'
import { ServerStorage } from './server.ts'

export type OpenStorage = { readonly storage: Storage; readonly dialect: Dialect }

/**
 * Opens what a storage URL names: `chdb:<directory>`, or `http(s)://host:port[/database][?cluster=name]`.
 * @throws DavyError CONFIG for any other URL, STORAGE_DOWN when the embedded directory cannot be opened.
 */
export function openStorage(url: string): OpenStorage {
  if (url.startsWith('chdb:')) {
    return { storage: EmbeddedStorage.open(url.slice('chdb:'.length)), dialect: singleNode }
  }
  if (/^https?:\/\//.test(url) && URL.canParse(url)) {
    const parsed = new URL(url)
    const cluster = parsed.searchParams.get('cluster')
    return { storage: ServerStorage.open(parsed), dialect: cluster === null ? singleNode : replicated(cluster) }
  }
  throw new DavyError('CONFIG', 'The storage URL names no storage that Davy knows.', {
    expected: 'chdb:<directory>, or http(s)://host:port[/database][?cluster=name]',
    got: url.replace(/\/\/[^@/]*@/, '//…@'),
    where: 'DAVY_STORAGE_URL',
  })
}
