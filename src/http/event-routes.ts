import { PassThrough } from 'node:stream'
import type { EngineEvent } from '../engine/bus.ts'
import { deploymentView } from './deployment-routes.ts'
import type { App, Services } from './services.ts'

const heartbeatMs = 15_000
/** A reader that is this far behind is cut off; it reconnects and reads the newest state. */
const maxBufferedBytes = 4 * 2 ** 20

/** Server-sent events: deployments, verdicts and deliveries as they happen in this process. */
export function eventRoutes(app: App, { bus, publicUrl, draining }: Services): void {
  app.get(
    '/api/v1/events',
    { config: { role: 'viewer' }, schema: { tags: ['events'], produces: ['text/event-stream'] } },
    (_request, reply) => {
      const stream = new PassThrough()
      stream.write('retry: 2000\n\n')
      const unsubscribe = bus.subscribe((event) => {
        stream.write(render(event, publicUrl))
        if (stream.writableLength > maxBufferedBytes) close()
      })
      const heartbeat = setInterval(() => stream.write(': still here\n\n'), heartbeatMs)
      function close(): void {
        clearInterval(heartbeat)
        unsubscribe()
        draining.removeEventListener('abort', close)
        stream.end()
      }
      draining.addEventListener('abort', close)
      if (draining.aborted) close()
      reply.raw.once('close', close)
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('connection', 'close')
        .header('x-accel-buffering', 'no')
        .send(stream)
    },
  )
}

function render(event: EngineEvent, publicUrl: string): string {
  const data = event.type === 'deployment' ? deploymentView(event.data, publicUrl) : event.data
  return `event: ${event.type}\nid: ${event.data.id}\ndata: ${JSON.stringify(data)}\n\n`
}
