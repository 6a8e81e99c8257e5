import type { Delivery, Message, OptionRule, Receipt } from '../domain/sink.ts'
import { placeholders } from '../report/messages/links.ts'
import { type Notice, noticeOf } from '../report/messages/notice.ts'
import { sayingIn, type Volume, volumeIn } from '../report/messages/volume.ts'

const filled = placeholders.map((name) => `{${name}}`).join(' ')

function addressRule(what: string): OptionRule {
  return { description: `the http or https address of ${what}; ${filled} are filled in`, pattern: /^https?:\/\/\S+$/ }
}

/** Options of every format that people read: where its links go. */
export const linkOptions = {
  compareUrl: addressRule('the comparison of both versions'),
  dashboardUrl: addressRule('a dashboard'),
  runbookUrl: addressRule('a runbook'),
} as const satisfies Readonly<Record<string, OptionRule>>

/** A delivery's message in its parts. */
export function noticeIn({ message, deployment, endpoint }: Delivery): Notice {
  return noticeOf(message, deployment, endpoint.options)
}

/** What was said last to this endpoint of this deployment, by another message than this one; null: nothing. */
function toldBefore({ receipts, message }: Pick<Delivery, 'receipts' | 'message'>): string | null {
  return receipts.findLast((receipt) => receipt.of !== message.id && receipt.told !== undefined)?.told ?? null
}

/** How loud a delivery's message is after what its endpoint was told. */
export function volumeFor(delivery: Delivery): Volume {
  return volumeIn(delivery.message, toldBefore(delivery))
}

/** What later deliveries must know: which message this was, and what it said. */
export function toldReceipt(message: Message): Receipt {
  const told = sayingIn(message)
  return { of: message.id, ...(told === null ? {} : { told }) }
}
