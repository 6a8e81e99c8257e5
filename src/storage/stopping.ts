import { DavyError } from '../domain/errors.ts'

/** What a statement gets that comes after `close`. */
export function stopping(): DavyError {
  return new DavyError('STOPPING', 'The storage is closing and takes no statement any more.', { retryAfterSeconds: 5 })
}
