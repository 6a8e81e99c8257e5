import type { Sink } from '../domain/sink.ts'
import { createWebhookSink, type WebhookSinkOptions } from './webhook/webhook.ts'

/** Every kind of sink by its name. A new one is a folder and a line here. */
export const sinkFactories = {
  webhook: createWebhookSink,
} as const satisfies Readonly<Record<string, (options: WebhookSinkOptions) => Sink>>
