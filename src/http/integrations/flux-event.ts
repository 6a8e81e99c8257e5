import { type Static, Type } from 'typebox'
import type { Announcement } from '../../engine/announcements/announcements.ts'
import { present } from '../schemas.ts'
import { registrationOf, type Told } from './announced.ts'

const text = (maxLength = 1000) => Type.String({ maxLength })

/** An event of Flux's notification-controller, as a Provider of type generic or generic-hmac posts it. */
export const fluxSchema = Type.Object({
  involvedObject: Type.Object({
    kind: text(100),
    namespace: Type.Optional(text(253)),
    name: Type.String({ minLength: 1, maxLength: 253 }),
  }),
  severity: Type.Enum(['info', 'error', 'trace']),
  reason: text(253),
  timestamp: text(64),
  message: Type.Optional(text(64 * 1024)),
  metadata: Type.Optional(Type.Union([Type.Record(Type.String(), text(4096)), Type.Null()])),
})

type FluxEvent = Static<typeof fluxSchema>

/** What an event means for Davy. */
export type FluxNews = Announcement | { readonly ignored: string }

/** What was applied is there; helm-controller 1 and kustomize-controller 1. */
const applied = new Set(['ReconciliationSucceeded', 'UpgradeSucceeded', 'InstallSucceeded'])
const wentBack = new Set(['RollbackSucceeded', 'UninstallSucceeded'])

/**
 * A Kustomization or HelmRelease that was applied begins to be judged, one that failed or went back ends it. All else is
 * ignored, as is what names no revision.
 */
export function readFluxEvent(
  { involvedObject, severity, reason, timestamp, ...rest }: FluxEvent,
  query: Told,
): FluxNews {
  const { kind, namespace = '', name } = involvedObject
  if (kind !== 'Kustomization' && kind !== 'HelmRelease')
    return { ignored: `events of a ${kind.slice(0, 100)} change nothing` }
  const metadata = byShortName(rest.metadata ?? {})
  const version = metadata.version ?? metadata['app-version'] ?? versionOfRevision(metadata.revision ?? '')
  if (version === '') return { ignored: 'the event names no revision' }
  const { service, environment, template } = metadata
  const told: Told = { ...query, ...present({ service, environment, template }) }
  const announcement = {
    by: 'flux',
    key: `flux/${kind}/${namespace}/${name}/${reason}/${timestamp}`,
    registration: registrationOf(name, version, told),
    isRepeated: true,
  } as const
  if (wentBack.has(reason)) return { ...announcement, type: 'finished', outcome: 'rolled-back' }
  if (severity === 'error') return { ...announcement, type: 'finished', outcome: 'aborted' }
  if (applied.has(reason)) return { ...announcement, type: 'started' }
  return { ignored: `the reason ${reason.slice(0, 100)} changes nothing` }
}

/** `kustomize.toolkit.fluxcd.io/revision` is `revision`: annotations are named so, too. */
function byShortName(metadata: Readonly<Record<string, string>>): Readonly<Partial<Record<string, string>>> {
  const named = Object.entries(metadata).filter(([, value]) => value !== '')
  return Object.fromEntries(named.map(([name, value]) => [name.slice(name.lastIndexOf('/') + 1), value]))
}

/** `main@sha1:abc` is the commit, `2.4.1@sha256:abc` the tag of an image, a chart's version what it is. */
export function versionOfRevision(revision: string): string {
  const [, name, algorithm, digest] = /^(?:(.*)@)?(sha1|sha256):([0-9a-f]+)$/i.exec(revision) ?? []
  if (digest === undefined) return revision
  return algorithm?.toLowerCase() === 'sha256' && name !== undefined && name !== '' ? name : digest
}
