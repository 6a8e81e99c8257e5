import { DavyError } from '../domain/errors.ts'
import type { VersionRow } from '../storage/rollup-reader.ts'
import { nameParams } from './schemas.ts'
import type { App, Services } from './services.ts'

/** What the telemetry shows: services and their versions, counted from stored rows. */
export function serviceRoutes(app: App, { rollups, now, retentionDays }: Services): void {
  const window = () => ({ from: now() - retentionDays * 86_400_000, to: now() + 3_600_000 })

  app.get('/api/v1/services', { config: { role: 'viewer' }, schema: { tags: ['services'] } }, async () => {
    const byName = new Map<string, VersionRow[]>()
    for (const row of await rollups.versions(window())) {
      byName.set(row.service, [...(byName.get(row.service) ?? []), row])
    }
    return { items: [...byName].map(([name, rows]) => ({ name, versions: rows.map(versionView) })) }
  })

  app.get(
    '/api/v1/services/:name',
    { config: { role: 'viewer' }, schema: { tags: ['services'], params: nameParams } },
    async ({ params }) => {
      const rows = await rollups.versions({ service: params.name, ...window() })
      if (rows.length === 0) {
        throw new DavyError(
          'NOT_FOUND',
          `No request of a service ${JSON.stringify(params.name.slice(0, 64))} is stored.`,
          {
            expected: 'a service.name that sent spans of kind SERVER or CONSUMER',
            where: 'name',
          },
        )
      }
      return { name: params.name, versions: rows.map(versionView) }
    },
  )
}

function versionView({ service: _service, firstSeen, lastSeen, ...row }: VersionRow) {
  return { ...row, firstSeen: new Date(firstSeen).toISOString(), lastSeen: new Date(lastSeen).toISOString() }
}
