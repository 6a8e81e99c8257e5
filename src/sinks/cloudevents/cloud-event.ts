import type { Message } from '../../domain/sink.ts'

/**
 * A message as a CloudEvents 1.0 event in structured JSON. `timestamp` repeats `time` for receivers that expect the
 * `{type, timestamp, data}` of Standard Webhooks. The same message gives the same bytes at every attempt.
 * @param source Davy's public URL.
 */
export function cloudEventBody(message: Message, source: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id: message.id,
    source,
    type: `dev.davy.${message.type}`,
    subject: message.subject,
    time: message.time,
    timestamp: message.time,
    datacontenttype: 'application/json',
    data: message.data,
  })
}
