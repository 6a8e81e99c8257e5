import { createTransport } from 'nodemailer'
import { type Mail, type MailReply, type Ports, SendError } from '../domain/sink.ts'
import type { AddressGuard } from './address-guard.ts'

export type GuardedMailOptions = {
  readonly guard: AddressGuard
  /** For the whole conversation with the server; 15 s when absent. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 15_000
const ports = { 'smtp:': 587, 'smtps:': 465 } as const

function serverOf(text: string): { host: string; port: number; secure: boolean } {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '')
    throw new SendError('invalid', 'the server is not an smtp or smtps URL')
  const port = url.port === '' ? ports[url.protocol] : Number(url.port)
  return { host: url.hostname, port, secure: url.protocol === 'smtps:' }
}

function asReply(error: unknown): MailReply | null {
  const { responseCode, response } = error as { responseCode?: number; response?: string }
  return responseCode === undefined ? null : { status: responseCode, text: response ?? '' }
}

function asSendError(error: unknown, timeoutMs: number, isStopped: boolean): SendError {
  if (error instanceof SendError) return error
  if (isStopped) return new SendError('stopped', 'stopped before an answer came', error)
  const { code } = error as { code?: string }
  if (code === 'ETIMEDOUT') return new SendError('timeout', `no answer within ${timeoutMs} ms`, error)
  return new SendError('network', `the mail server failed: ${code ?? 'unknown error'}`, error)
}

/**
 * Mail to servers that the guard lets through, at the address that was checked; the certificate is that of the name. A
 * password goes only over TLS. A refusal of the server is a reply like others.
 */
export function createGuardedMail({ guard, timeoutMs = defaultTimeoutMs }: GuardedMailOptions): Ports['mail'] {
  return async function mail(message: Mail, signal: AbortSignal): Promise<MailReply> {
    const { host, port, secure } = serverOf(message.server)
    const name = host.replace(/^\[(.*)\]$/, '$1')
    const [{ address }] = await guard(name)
    const { user, password } = message
    const transport = createTransport({
      ...{ host: address, port, secure, requireTLS: !secure && user !== null },
      ...(name === address ? {} : { tls: { servername: name } }),
      ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    })
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const stop = () => transport.close()
    limit.addEventListener('abort', stop)
    try {
      const { from, subject, text, html, headers } = message
      const info = await Promise.race([
        transport.sendMail({ from, to: [...message.to], subject, text, html, headers }),
        new Promise<never>((_resolve, reject) => {
          const end = () => reject(Object.assign(new Error('the time is over'), { code: 'ETIMEDOUT' }))
          if (limit.aborted) end()
          else limit.addEventListener('abort', end, { once: true })
        }),
      ])
      return { status: Number.parseInt(info.response, 10), text: info.response }
    } catch (error) {
      const reply = asReply(error)
      if (reply !== null) return reply
      throw asSendError(error, timeoutMs, signal.aborted)
    } finally {
      limit.removeEventListener('abort', stop)
      transport.close()
    }
  }
}
