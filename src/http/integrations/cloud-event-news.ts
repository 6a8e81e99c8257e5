import { type Static, Type } from 'typebox'
import { type Outcome, strategies } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Announcement } from '../../engine/announcements/announcements.ts'
import { present } from '../schemas.ts'
import { fitting, registrationOf, toldIn } from './announced.ts'
import type { CloudEvent } from './cloud-event.ts'

/** What an event means for Davy. */
export type CloudEventNews =
  | { readonly type: 'announcement'; readonly announcement: Announcement }
  /** A service went back, in whichever version it was. */
  | { readonly type: 'went-back'; readonly service: string; readonly environment: string }
  | { readonly type: 'ignored'; readonly why: string }

const name = Type.String({ minLength: 1, maxLength: 253 })
const open = Type.Object({
  service: name,
  version: name,
  namespace: Type.Optional(Type.String({ maxLength: 253 })),
  environment: Type.Optional(name),
  baseline: Type.Optional(name),
  template: Type.Optional(name),
  strategy: Type.Optional(Type.Enum([...strategies])),
})
const progressed = Type.Object({
  ...open.properties,
  step: Type.Optional(name),
  weight: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
})
const finished = Type.Object({
  ...open.properties,
  outcome: Type.Enum(['promoted', 'rolled-back', 'aborted']),
})

/** Source: CDEvents 0.5, continuous deployment events; the version of the type is not looked at. */
const serviceEvent = Type.Object({
  subject: Type.Object({
    id: Type.String({ minLength: 1, maxLength: 1000 }),
    content: Type.Object({
      environment: Type.Optional(Type.Object({ id: name })),
      artifactId: Type.Optional(Type.String({ maxLength: 1000 })),
    }),
  }),
  customData: Type.Optional(Type.Unknown()),
})

/**
 * Understands the service events of CDEvents, and events of any source whose type ends in `deployment.started`,
 * `.progressed` or `.finished`, of which the subject is the sender's name of the deployment.
 * @param publicUrl Davy's: its own events are ignored, wherever they come from.
 * @throws DavyError VALIDATION, UNPROCESSABLE for an event of these types that does not say enough.
 */
export function readCloudEventNews(event: CloudEvent, publicUrl: string): CloudEventNews {
  if (event.source.startsWith(publicUrl)) return { type: 'ignored', why: "the event is Davy's own" }
  const [, service] = /^dev\.cdevents\.service\.(\w+)\./.exec(event.type) ?? []
  if (service !== undefined) return ofService(service, event)
  const [, deployment] = /(?:^|\.)deployment\.(started|progressed|finished)$/.exec(event.type) ?? []
  if (deployment !== undefined) return ofDeployment(deployment, event)
  return { type: 'ignored', why: `events of the type ${event.type.slice(0, 100)} change nothing` }
}

function ofService(predicate: string, { id, source, data }: CloudEvent): CloudEventNews {
  if (predicate !== 'deployed' && predicate !== 'upgraded' && predicate !== 'rolledback')
    return { type: 'ignored', why: `a service that is ${predicate} changes nothing` }
  const { subject, customData } = fitting(serviceEvent, data, '/data')
  const told = { ...present({ environment: subject.content.environment?.id }), ...toldIn(customData) }
  const service = subject.id.split('/').findLast((part) => part !== '') ?? subject.id
  if (predicate === 'rolledback')
    return { type: 'went-back', service: told.service ?? service, environment: told.environment ?? 'default' }
  const version = told.version ?? versionOfPurl(subject.content.artifactId ?? '')
  if (version === null) {
    throw new DavyError('UNPROCESSABLE', 'The event does not say which version of the service is there.', {
      expected: 'a package URL with a version or a tag in artifactId, or customData.davy.version',
      got: JSON.stringify((subject.content.artifactId ?? '').slice(0, 100)),
      where: '/data/subject/content/artifactId',
    })
  }
  const key = `cdevents/${source}/${id}`
  const registration = registrationOf(service, version, told)
  return { type: 'announcement', announcement: { by: 'cdevents', key, registration, type: 'started' } }
}

function ofDeployment(type: string, event: CloudEvent): CloudEventNews {
  if (event.subject === null) {
    throw new DavyError('VALIDATION', 'The event does not name its deployment.', {
      expected: 'a subject, the same in all events of one deployment',
      where: '/subject',
    })
  }
  const by = { by: 'cloudevents', key: `cloudevents/${event.source}/${event.subject}` }
  if (type === 'finished') {
    const { outcome, ...body } = fitting(finished, event.data, '/data')
    const end = { type: 'finished', outcome: outcome as Outcome } as const
    return { type: 'announcement', announcement: { ...by, registration: registrationIn(body), ...end } }
  }
  if (type === 'started') {
    const registration = registrationIn(fitting(open, event.data, '/data'))
    return { type: 'announcement', announcement: { ...by, registration, type: 'started' } }
  }
  const { step, weight, ...body } = fitting(progressed, event.data, '/data')
  const given = step ?? (weight === undefined ? undefined : `weight ${weight}`)
  const progress = {
    type: 'progressed',
    weight: weight ?? null,
    ...(given === undefined ? {} : { step: given }),
  } as const
  return { type: 'announcement', announcement: { ...by, registration: registrationIn(body), ...progress } }
}

type Open = Static<typeof open>

function registrationIn({ service, version, baseline, ...told }: Open) {
  return {
    ...registrationOf(service, version, told),
    ...(baseline === undefined ? {} : { baseline: { version: baseline } }),
  }
}

/** `pkg:oci/checkout@sha256%3Aabc?tag=2.4.1` is 2.4.1: the tag of an image, else the version; null: it has neither. */
export function versionOfPurl(purl: string): string | null {
  const [, path = '', qualifiers = ''] = /^pkg:([^?#]+)(?:\?([^#]*))?/.exec(purl) ?? []
  const tag = new URLSearchParams(qualifiers).get('tag')
  if (tag !== null && tag !== '') return tag
  const [, version] = /@([^@/]+)$/.exec(path) ?? []
  if (version === undefined) return null
  try {
    return decodeURIComponent(version)
  } catch {
    return null
  }
}
