import { DavyError } from '../domain/errors.ts'

/** CONFIG, for an address that cannot be listened on. @param code Node's error code. @param variable what sets the port. */
export function portFault(host: string, port: number, variable: string, code: string, cause: unknown): DavyError {
  const got = code === 'EADDRINUSE' ? `${port}, where something listens already` : `${port} on ${host}: ${code}`
  return new DavyError('CONFIG', `${variable}: expected a port that can be listened on, got ${got}`, {
    where: variable,
    cause,
  })
}
