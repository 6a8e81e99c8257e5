import type { AttemptResult, Sink } from '../../domain/sink.ts'
import { createFlagSink, type Flag, type FlagState } from '../flag-kill.ts'
import { failed, isSuccess, jsonIn, platformFault } from '../platform-answer.ts'

const platform = 'Unleash'

function pathOf({ project, flag, environment }: Flag): string {
  const [p, f, e] = [project, flag, environment].map(encodeURIComponent)
  return `/api/admin/projects/${p}/features/${f}/environments/${e}`
}

function headersOf({ delivery }: Flag): Record<string, string> {
  return { authorization: delivery.secrets[0] ?? '' }
}

async function read(flag: Flag): Promise<FlagState> {
  const response = await flag.ask('GET', pathOf(flag), headersOf(flag))
  if (!isSuccess(response.status)) return { isOn: null, fault: platformFault(response, flag.delivery, platform) }
  const { enabled } = (jsonIn(response.text) ?? {}) as { enabled?: unknown }
  if (typeof enabled === 'boolean') return { isOn: enabled, fault: null }
  return {
    isOn: null,
    fault: failed(`${platform} does not say whether the flag is on in this environment`, response.status),
  }
}

async function switchOff(flag: Flag): Promise<AttemptResult | null> {
  const response = await flag.ask('POST', `${pathOf(flag)}/off`, headersOf(flag))
  return isSuccess(response.status) ? null : platformFault(response, flag.delivery, platform)
}

/** Switches flags off at Unleash, by its admin API; with an /api behind a path, the endpoint's URL has that path. */
export function createUnleashSink(): Sink {
  return createFlagSink({
    format: 'unleash',
    name: platform,
    requires: {
      defaultUrl: null,
      secret: {
        description: 'a token of a service account, or a personal access token, that may disable the flag',
        isRequired: true,
        pattern: /^[\x21-\x7e]+$/,
      },
      needsProject: true,
    },
    read,
    switchOff,
  })
}
