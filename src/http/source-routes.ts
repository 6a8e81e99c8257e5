import type { App, Services } from './services.ts'

/** What can be asked for metrics, and which ready-made packs it has data for. */
export function sourceRoutes(app: App, { discoverSources }: Services): void {
  app.get('/api/v1/sources', { config: { role: 'viewer' }, schema: { tags: ['sources'] } }, async () =>
    discoverSources(),
  )
}
