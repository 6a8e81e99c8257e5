import { type Platform, type PlatformAnswer, type PlatformRequest, startPlatform } from './platform.ts'

/** A simulated flag platform with one flag, `new-checkout`, that is on in production until it is switched off. */
export type FlagPlatform = Platform & {
  readonly isOn: () => boolean
  /** Requests that changed something or meant to. */
  readonly writes: () => readonly PlatformRequest[]
}

export const flagToken = 'flag-platform-secret'

type Handle = (request: PlatformRequest, isOn: boolean) => { readonly answer: PlatformAnswer; readonly isOn?: boolean }

async function start(handle: Handle): Promise<FlagPlatform> {
  let on = true
  const platform = await startPlatform((request) => {
    const { answer, isOn = on } = handle(request, on)
    on = isOn
    return answer
  })
  return {
    ...platform,
    isOn: () => on,
    writes: () => platform.requests.filter(({ method }) => method !== 'GET'),
  }
}

const missing = { answer: { status: 404, body: { message: 'Not found' } } } as const
const refused = { answer: { status: 401, body: { message: 'Invalid account ID header' } } } as const

/** LaunchDarkly's REST API. */
export function startLaunchdarkly(): Promise<FlagPlatform> {
  return start(({ method, path, query, headers, json }, isOn) => {
    if (headers.authorization !== flagToken) return refused
    if (path !== '/api/v2/flags/shop/new-checkout') return missing
    if (method === 'GET')
      return { answer: { status: 200, body: { environments: { [query.get('env') ?? '']: { on: isOn } } } } }
    const isPatch = headers['content-type'] === 'application/json; domain-model=launchdarkly.semanticpatch'
    const [instruction] = (json?.instructions ?? []) as { kind?: string }[]
    if (method !== 'PATCH' || !isPatch || json?.environmentKey !== 'production' || instruction?.kind !== 'turnFlagOff')
      return { answer: { status: 400, body: { code: 'invalid_request', message: 'invalid instructions' } } }
    return { answer: { status: 200, body: { environments: { production: { on: false } } } }, isOn: false }
  })
}

/** Unleash's admin API. */
export function startUnleash(): Promise<FlagPlatform> {
  return start(({ method, path, headers }, isOn) => {
    if (headers.authorization !== flagToken) return refused
    const flag = '/api/admin/projects/shop/features/new-checkout/environments/production'
    if (method === 'GET' && path === flag)
      return { answer: { status: 200, body: { name: 'production', enabled: isOn } } }
    return method === 'POST' && path === `${flag}/off` ? { answer: { status: 200 }, isOn: false } : missing
  })
}

/** GrowthBook's API v2. */
export function startGrowthbook(): Promise<FlagPlatform> {
  return start(({ method, path, headers, json }, isOn) => {
    if (headers.authorization !== `Bearer ${flagToken}`) return refused
    const flag = '/api/v2/features/new-checkout'
    const body = { feature: { id: 'new-checkout', environments: { production: { enabled: isOn } } } }
    if (method === 'GET' && path === flag) return { answer: { status: 200, body } }
    if (method !== 'POST' || path !== `${flag}/toggle`) return missing
    const isOff = (json?.environments as Record<string, unknown> | undefined)?.production === false
    return isOff ? { answer: { status: 200, body }, isOn: false } : { answer: { status: 400 } }
  })
}

export const flagsmithKey = 'ser.environment-key'

/** Flagsmith's Admin API. @param hasVersions whether it knows the endpoint that publishes a version. */
export function startFlagsmith(hasVersions = true): Promise<FlagPlatform> {
  return start(({ method, path, query, headers, json }, isOn) => {
    if (headers.authorization !== `Api-Key ${flagToken}`) return refused
    const environment = `/environments/${flagsmithKey}`
    if (method === 'GET' && path === `/api/v1${environment}/featurestates/`) {
      if (query.get('feature_name') !== 'new-checkout') return { answer: { status: 200, body: { results: [] } } }
      const results = [
        { id: 8, enabled: true, feature_segment: 5 },
        { id: 7, enabled: isOn, feature_segment: null },
      ]
      return { answer: { status: 200, body: { count: 2, results } } }
    }
    if (method === 'POST' && hasVersions && path === `/api/experiments${environment}/update-flag-v1/`) {
      const isOff =
        (json?.feature as { name?: unknown } | undefined)?.name === 'new-checkout' && json?.enabled === false
      return isOff ? { answer: { status: 204 }, isOn: false } : { answer: { status: 400 } }
    }
    if (method === 'PATCH' && path === `/api/v1${environment}/featurestates/7/` && json?.enabled === false)
      return { answer: { status: 200, body: { id: 7, enabled: false } }, isOn: false }
    return missing
  })
}
