import type { AttemptResult, Delivery, MailReply, Ports, Sink, SinkOptions } from '../../domain/sink.ts'
import { linkOptions, noticeIn, toldReceipt, volumeFor } from '../message-options.ts'
import { refusalText, skipped } from '../platform-answer.ts'
import { mailOf } from './email-message.ts'

const address = String.raw`[^\s@<>,;:"()[\]\\]+@[A-Za-z0-9.-]+`
const oneAddress = new RegExp(`^${address}$`)
const addresses = new RegExp(`^${address}(?:\\s*,\\s*${address}){0,49}$`)

/** SMTP says with its first digit whether to come again: 4 is for now, 5 for ever. */
function resultOf(reply: MailReply, delivery: Delivery): AttemptResult {
  const { status, text } = reply
  if (status >= 200 && status < 300) return { outcome: 'delivered', status, receipt: toldReceipt(delivery.message) }
  const said = refusalText({ status, text, headers: {} }, delivery.secrets)
  const error = `the mail server answered ${status}${said === '' ? '' : `: ${said}`}`
  return { outcome: status >= 500 && status < 600 ? 'failed' : 'retry', status, error }
}

/** Mails by SMTP, as text and HTML, one thread per deployment. The password, if any, is the secret. */
export function createEmailSink({ publicUrl }: SinkOptions): Sink {
  const host = URL.canParse(publicUrl) ? new URL(publicUrl).hostname.replace(/[^\w.-]/g, '') : ''

  async function deliver(delivery: Delivery, { mail }: Ports, signal: AbortSignal): Promise<AttemptResult> {
    const { endpoint, secrets, message } = delivery
    if (volumeFor(delivery) === 'quiet') return skipped('a healthy step, which is not told')
    const { from = '', to = '', user } = endpoint.options
    const parts = mailOf(noticeIn(delivery), message, host || 'davy.invalid')
    const recipients = to.split(',').map((each) => each.trim())
    const account = user === undefined ? { user: null, password: null } : { user, password: secrets[0] ?? null }
    return resultOf(await mail({ server: endpoint.url, from, to: recipients, ...account, ...parts }, signal), delivery)
  }

  return {
    format: 'email',
    signature: 'none',
    requires: {
      schemes: ['smtp', 'smtps'],
      defaultUrl: null,
      isUrlSecret: false,
      options: {
        from: { description: 'the sender, as davy@example.com', isRequired: true, pattern: oneAddress },
        to: { description: 'up to 50 recipients with commas between them', isRequired: true, pattern: addresses },
        user: { description: 'the user name at the mail server; the secret is its password' },
        ...linkOptions,
      },
      secret: { description: 'the password of the option user', isRequired: false },
      events: ['verdict.changed', 'deployment.finished'],
      canAct: false,
      fault: ({ options }, hasSecret) => {
        if ((options.user === undefined) === !hasSecret) return null
        return hasSecret ? 'the option user, whose password the secret is' : 'a secret, the password of the option user'
      },
    },
    deliver,
  }
}
