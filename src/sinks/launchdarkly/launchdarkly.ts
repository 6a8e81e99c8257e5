import type { AttemptResult, HttpResponse, Sink } from '../../domain/sink.ts'
import { createFlagSink, type Flag, type FlagState } from '../flag-kill.ts'
import { type Fault, failed, isSuccess, jsonIn, platformFault } from '../platform-answer.ts'

const platform = 'LaunchDarkly'
const longestWaitSeconds = 3600

/** With 429 LaunchDarkly names the end of its limit in Unix milliseconds. */
function faultOf(response: HttpResponse, { delivery }: Flag): Fault {
  const fault = platformFault(response, delivery, platform)
  const reset = Number(response.headers['x-ratelimit-reset'] ?? Number.NaN)
  if (response.status !== 429 || fault.retryAfterSeconds !== undefined || !Number.isFinite(reset)) return fault
  const seconds = Math.ceil((reset - delivery.at.getTime()) / 1000)
  return { ...fault, retryAfterSeconds: Math.min(Math.max(1, seconds), longestWaitSeconds) }
}

function pathOf({ project, flag }: Flag): string {
  return `/api/v2/flags/${encodeURIComponent(project)}/${encodeURIComponent(flag)}`
}

function headersOf({ delivery }: Flag): Record<string, string> {
  return { authorization: delivery.secrets[0] ?? '', 'ld-api-version': '20240415' }
}

async function read(flag: Flag): Promise<FlagState> {
  const response = await flag.ask('GET', `${pathOf(flag)}?env=${encodeURIComponent(flag.environment)}`, headersOf(flag))
  if (!isSuccess(response.status)) return { isOn: null, fault: faultOf(response, flag) }
  const body = jsonIn(response.text) as { environments?: Record<string, { on?: unknown }> } | undefined
  const environments = body?.environments ?? {}
  const on = Object.hasOwn(environments, flag.environment) ? environments[flag.environment]?.on : undefined
  if (typeof on === 'boolean') return { isOn: on, fault: null }
  return {
    isOn: null,
    fault: failed(`${platform} does not say whether the flag is on in this environment`, response.status),
  }
}

async function switchOff(flag: Flag, comment: string): Promise<AttemptResult | null> {
  const headers = {
    ...headersOf(flag),
    'content-type': 'application/json; domain-model=launchdarkly.semanticpatch',
  }
  const patch = { environmentKey: flag.environment, comment, instructions: [{ kind: 'turnFlagOff' }] }
  const response = await flag.ask('PATCH', pathOf(flag), headers, patch)
  return isSuccess(response.status) ? null : faultOf(response, flag)
}

/** Switches flags off at LaunchDarkly, by a semantic patch. */
export function createLaunchdarklySink(): Sink {
  return createFlagSink({
    format: 'launchdarkly',
    name: platform,
    requires: {
      defaultUrl: 'https://app.launchdarkly.com',
      secret: { description: 'an access token that may update the flag', isRequired: true, pattern: /^[\x21-\x7e]+$/ },
      needsProject: true,
    },
    read,
    switchOff,
  })
}
