import type {
  AttemptResult,
  Delivery,
  DeploymentNotice,
  HttpResponse,
  OptionRule,
  Ports,
  Requirements,
  Sink,
} from '../domain/sink.ts'
import type { Verdict } from '../domain/verdict.ts'
import { fillName } from '../report/messages/links.ts'
import { type Notice, verdictOf } from '../report/messages/notice.ts'
import { clip, plainText } from '../report/messages/plain-text.ts'
import { noticeIn } from './message-options.ts'
import { pathSegment } from './path-segment.ts'
import { failed, skipped } from './platform-answer.ts'

/** One flag in one environment, and the way to its platform. */
export type Flag = {
  readonly delivery: Delivery
  readonly flag: string
  readonly environment: string
  readonly project: string
  /** The address of the endpoint without a slash at its end. */
  readonly base: string
  readonly ask: (
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: object,
  ) => Promise<HttpResponse>
}

/** Whether a flag is on; or why that could not be read. */
export type FlagState =
  | { readonly isOn: boolean; readonly fault: null }
  | { readonly isOn: null; readonly fault: AttemptResult }

/** A platform's way to read one flag, and to switch it off: null when that was accepted. */
export type FlagPlatform = {
  readonly format: string
  /** For texts: 'Unleash'. */
  readonly name: string
  readonly requires: Pick<Requirements, 'defaultUrl' | 'secret'> & { readonly needsProject: boolean }
  /** The secret reaches one environment only, so rollbacks in others are not its business. */
  readonly isBoundToEnvironment?: boolean
  readonly read: (flag: Flag) => Promise<FlagState>
  /** @param comment why, for the platform's own log. */
  readonly switchOff: (flag: Flag, comment: string) => Promise<AttemptResult | null>
}

const options = {
  flag: { description: 'the key of the flag; {service} {canary} and the like are filled in', isRequired: true },
  environment: { description: "the platform's name of the environment; {environment} when absent" },
} as const satisfies Readonly<Record<string, OptionRule>>

const boundEnvironment = {
  environment: { description: 'the environment of the deployments that the secret is for', isRequired: true },
} as const

const projectOption = { project: { description: 'the project that the flag is in', isRequired: true } } as const

/** Why a message switches nothing off; null: it does. */
function reasonToStay(verdict: Verdict | null): string | null {
  if (verdict?.decision !== 'rollback') return 'a flag is switched off by rollbacks only'
  if (verdict.strategy !== 'feature-flag') return `the deployment is no feature flag but ${verdict.strategy}`
  return verdict.mode === 'observe' ? 'the deployment is only observed, so its verdict switches nothing off' : null
}

function flagOf(delivery: Delivery, http: Ports['http'], signal: AbortSignal): Flag {
  const { endpoint, deployment } = delivery
  const fill = (text: string) => (deployment === null ? text : fillName(text, deployment))
  const base = endpoint.url.replace(/\/+$/, '')
  const { flag = '', environment = '{environment}', project = '' } = endpoint.options
  return {
    delivery,
    base,
    flag: fill(flag),
    environment: fill(environment),
    project: fill(project),
    ask: (method, path, headers, body) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      return http({ method, url: `${base}${path}`, headers: { ...type, ...headers }, ...sent }, signal)
    },
  }
}

function nameOf({ flag, environment }: Flag, platform: FlagPlatform): string {
  return `the flag ${clip(plainText(flag), 100)} in ${clip(plainText(environment), 100)} at ${platform.name}`
}

function commentOf(notice: Notice, deployment: DeploymentNotice | null): string {
  const report = deployment === null ? '' : ` ${deployment.reportUrl}`
  return clip(`Davy: ${notice.sentence}${report}`, 500)
}

/** Whether placeholders were left, as they are when a test message has no deployment to fill them from. */
function isFilled({ flag, environment, project }: Flag): boolean {
  return !/\{[a-z]+\}/.test(`${flag}${environment}${project}`)
}

/** Whether all names may stand in a path; a project is not asked for everywhere. */
function isNamed({ flag, environment, project }: Flag, platform: FlagPlatform): boolean {
  const names = platform.requires.needsProject ? [flag, environment, project] : [flag, environment]
  return names.every((name) => pathSegment(name) !== null)
}

async function tested(flag: Flag, platform: FlagPlatform): Promise<AttemptResult> {
  if (!isFilled(flag)) {
    return skipped('a test knows no deployment, so the names of the flag and its environment cannot be filled in')
  }
  const { isOn, fault } = await platform.read(flag)
  if (fault !== null) return fault
  return {
    outcome: 'delivered',
    status: 200,
    note: `${nameOf(flag, platform)} is ${isOn ? 'on' : 'off'}; nothing was changed`,
  }
}

/**
 * A sink that switches a feature flag off when a deployment of it is to be rolled back. It reads the flag first, so a
 * second time changes nothing; it reads it again after, so that a switch that did not work is no success. Without `act`
 * it reads, and says what it would do.
 */
export function createFlagSink(platform: FlagPlatform): Sink {
  async function deliver(delivery: Delivery, { http }: Ports, signal: AbortSignal): Promise<AttemptResult> {
    const { message, endpoint, deployment } = delivery
    const flag = flagOf(delivery, http, signal)
    if (message.type === 'endpoint.test') return tested(flag, platform)
    const stay = reasonToStay(verdictOf(message))
    if (stay !== null) return skipped(stay)
    if (platform.isBoundToEnvironment && deployment?.environment !== endpoint.options.environment) {
      return skipped('the deployment is in another environment than the one that the secret is for')
    }
    if (!isFilled(flag) || !isNamed(flag, platform)) {
      return failed('the names of the flag and its environment cannot be made of this deployment')
    }
    const name = nameOf(flag, platform)
    const before = await platform.read(flag)
    if (before.fault !== null) return before.fault
    if (!before.isOn) return { outcome: 'delivered', status: 200, note: `${name} was off already` }
    if (!endpoint.act)
      return { outcome: 'delivered', status: 200, note: `dry run: ${name} is on and would be switched off` }
    const fault = await platform.switchOff(flag, commentOf(noticeIn(delivery), deployment))
    if (fault !== null) return fault
    const after = await platform.read(flag)
    if (after.fault !== null) return after.fault
    if (!after.isOn) return { outcome: 'delivered', status: 200, note: `${name} was switched off` }
    return { outcome: 'retry', status: 200, error: `${name} is still on after it was switched off` }
  }

  const { needsProject, ...requires } = platform.requires
  return {
    format: platform.format,
    signature: 'none',
    requires: {
      ...requires,
      schemes: ['http', 'https'],
      isUrlSecret: false,
      options: {
        ...options,
        ...(platform.isBoundToEnvironment ? boundEnvironment : {}),
        ...(needsProject ? projectOption : {}),
      },
      events: ['verdict.decided'],
      canAct: true,
      isLasting: true,
    },
    deliver,
  }
}
