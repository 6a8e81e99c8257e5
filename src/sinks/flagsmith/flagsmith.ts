import type { AttemptResult, Sink } from '../../domain/sink.ts'
import { createFlagSink, type Flag, type FlagState } from '../flag-kill.ts'
import { failed, isSuccess, jsonIn, platformFault } from '../platform-answer.ts'

const platform = 'Flagsmith'

/** The secret has two parts: Flagsmith names an environment by a key, which belongs to the secrets as well. */
function keysOf({ delivery }: Flag): { readonly environmentKey: string; readonly apiKey: string } {
  const [environmentKey = '', apiKey = ''] = (delivery.secrets[0] ?? '').split(':', 2)
  return { environmentKey, apiKey }
}

function headersOf(flag: Flag): Record<string, string> {
  return { authorization: `Api-Key ${keysOf(flag).apiKey}` }
}

function environmentPath(flag: Flag): string {
  return `/environments/${encodeURIComponent(keysOf(flag).environmentKey)}`
}

type Listed = {
  readonly id?: unknown
  readonly enabled?: unknown
  readonly feature_segment?: unknown
  readonly identity?: unknown
}

/** The flag's default in the environment, which holds wherever no segment or identity has its own. */
async function defaultOf(flag: Flag): Promise<FlagState & { readonly id: number | null }> {
  const path = `/api/v1${environmentPath(flag)}/featurestates/?feature_name=${encodeURIComponent(flag.flag)}`
  const response = await flag.ask('GET', path, headersOf(flag))
  if (!isSuccess(response.status)) {
    return { isOn: null, fault: platformFault(response, flag.delivery, platform), id: null }
  }
  const { results } = (jsonIn(response.text) ?? {}) as { results?: unknown }
  const states = Array.isArray(results) ? (results as Listed[]) : []
  const found = states.find((state) => (state.feature_segment ?? null) === null && (state.identity ?? null) === null)
  if (typeof found?.id === 'number' && typeof found.enabled === 'boolean') {
    return { isOn: found.enabled, fault: null, id: found.id }
  }
  return { isOn: null, fault: failed(`${platform} has no such flag in this environment`, response.status), id: null }
}

/**
 * By the endpoint that publishes a version where environments have versions; servers that do not know it yet have
 * none, and their feature states are patched.
 */
async function switchOff(flag: Flag): Promise<AttemptResult | null> {
  const body = { feature: { name: flag.flag }, enabled: false }
  const path = `/api/experiments${environmentPath(flag)}/update-flag-v1/`
  const response = await flag.ask('POST', path, headersOf(flag), body)
  if (isSuccess(response.status)) return null
  if (response.status !== 404) return platformFault(response, flag.delivery, platform)
  const { id, fault } = await defaultOf(flag)
  if (fault !== null) return fault
  const patched = await flag.ask('PATCH', `/api/v1${environmentPath(flag)}/featurestates/${id}/`, headersOf(flag), {
    enabled: false,
  })
  return isSuccess(patched.status) ? null : platformFault(patched, flag.delivery, platform)
}

/** Switches a flag's default off at Flagsmith. Overrides of segments and identities stay as they are. */
export function createFlagsmithSink(): Sink {
  return createFlagSink({
    format: 'flagsmith',
    name: platform,
    requires: {
      defaultUrl: 'https://api.flagsmith.com',
      secret: {
        description: "the environment's key, a colon and an organisation API key, as KEY:API-KEY",
        isRequired: true,
        pattern: /^[^\s:/]+:[^\s:]+$/,
      },
      needsProject: false,
    },
    isBoundToEnvironment: true,
    read: defaultOf,
    switchOff,
  })
}
