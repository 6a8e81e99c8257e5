import { type Platform, type PlatformAnswer, type PlatformRequest, startPlatform } from './platform.ts'

export const routingKey = 'R0123456789ABCDEF0123456789ABCDE'

function refuse(...errors: string[]): PlatformAnswer {
  return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } }
}

function faultsOf(payload: Readonly<Record<string, unknown>>): string[] {
  const faults: string[] = []
  const { summary, source, severity, timestamp } = payload
  if (typeof summary !== 'string' || summary === '' || summary.length > 1024) faults.push('payload.summary')
  if (typeof source !== 'string' || source === '') faults.push('payload.source')
  if (severity !== undefined && !['critical', 'error', 'warning', 'info'].includes(String(severity)))
    faults.push('payload.severity')
  if (timestamp !== undefined && Number.isNaN(Date.parse(String(timestamp)))) faults.push('payload.timestamp')
  return faults
}

export type Incident = { readonly key: string; state: 'triggered' | 'resolved'; triggers: number }

/** PagerDuty's Events API v2, simulated: incidents by their dedup key, and change events. */
export async function startPagerduty(): Promise<
  Platform & { readonly incidents: Incident[]; readonly changes: Readonly<Record<string, unknown>>[] }
> {
  const incidents: Incident[] = []
  const changes: Readonly<Record<string, unknown>>[] = []

  function enqueue({ json = {} }: PlatformRequest): PlatformAnswer {
    const { event_action: action, dedup_key: key, payload } = json
    if (typeof key !== 'string' || key.length > 255) return refuse("Length of 'dedup_key' is incorrect")
    const incident = incidents.find((each) => each.key === key && each.state === 'triggered')
    if (action === 'resolve') {
      if (incident !== undefined) incident.state = 'resolved'
    } else if (action === 'trigger') {
      const faults = faultsOf((payload ?? {}) as Record<string, unknown>)
      if ((payload as { severity?: unknown } | undefined)?.severity === undefined) faults.push('payload.severity')
      if (faults.length > 0) return refuse(...faults)
      if (incident === undefined) incidents.push({ key, state: 'triggered', triggers: 1 })
      else incident.triggers += 1
    } else return refuse("'event_action' is invalid")
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: key } }
  }

  const platform = await startPlatform((request) => {
    const { method, path, json = {}, text } = request
    if (method !== 'POST') return { status: 405 }
    if (Buffer.byteLength(text) > 512 * 1024) return { status: 413 }
    if (typeof json.routing_key !== 'string' || json.routing_key.length !== 32)
      return refuse("Length of 'routing_key' is incorrect (should be 32 characters)")
    const links = (json.links ?? []) as readonly { href?: unknown }[]
    if (!links.every(({ href }) => /^https?:\/\//.test(String(href)))) return refuse('links')
    if (path === '/v2/enqueue') return enqueue(request)
    if (path !== '/v2/change/enqueue') return { status: 404 }
    const faults = faultsOf((json.payload ?? {}) as Record<string, unknown>)
    if (faults.length > 0) return refuse(...faults)
    changes.push(json)
    return { status: 202, body: { status: 'success', message: 'Change event processed' } }
  })
  return { ...platform, incidents, changes }
}
