import type { AttemptResult, Sink } from '../../domain/sink.ts'
import { createFlagSink, type Flag, type FlagState } from '../flag-kill.ts'
import { failed, isSuccess, jsonIn, platformFault } from '../platform-answer.ts'

const platform = 'GrowthBook'

function pathOf({ flag }: Flag): string {
  return `/api/v2/features/${encodeURIComponent(flag)}`
}

function headersOf({ delivery }: Flag): Record<string, string> {
  return { authorization: `Bearer ${delivery.secrets[0]}` }
}

async function read(flag: Flag): Promise<FlagState> {
  const response = await flag.ask('GET', pathOf(flag), headersOf(flag))
  if (!isSuccess(response.status)) return { isOn: null, fault: platformFault(response, flag.delivery, platform) }
  type Body = { feature?: { environments?: Record<string, { enabled?: unknown }> } }
  const environments = (jsonIn(response.text) as Body | undefined)?.feature?.environments ?? {}
  const enabled = Object.hasOwn(environments, flag.environment) ? environments[flag.environment]?.enabled : undefined
  if (typeof enabled === 'boolean') return { isOn: enabled, fault: null }
  return {
    isOn: null,
    fault: failed(`${platform} does not say whether the flag is on in this environment`, response.status),
  }
}

async function switchOff(flag: Flag, reason: string): Promise<AttemptResult | null> {
  const body = { reason, environments: { [flag.environment]: false } }
  const response = await flag.ask('POST', `${pathOf(flag)}/toggle`, headersOf(flag), body)
  return isSuccess(response.status) ? null : platformFault(response, flag.delivery, platform)
}

/** Switches flags off at GrowthBook, by its API v2; where changes need an approval, the key must be one that bypasses it. */
export function createGrowthbookSink(): Sink {
  return createFlagSink({
    format: 'growthbook',
    name: platform,
    requires: {
      defaultUrl: 'https://api.growthbook.io',
      secret: { description: 'a secret key or a personal access token', isRequired: true, pattern: /^[\x21-\x7e]+$/ },
      needsProject: false,
    },
    read,
    switchOff,
  })
}
