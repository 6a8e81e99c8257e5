import { type Static, Type } from 'typebox'
import { strategies } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Announcement } from '../../engine/announcements/announcements.ts'
import { present } from '../schemas.ts'
import type { App, Services } from '../services.ts'
import { registrationOf, taken } from './announced.ts'

/** Go's templates write null or '' for what an Application does not have. */
const text = (description: string) =>
  Type.Optional(Type.Union([Type.String({ maxLength: 253, description }), Type.Null()]))

/** What the template of deploy/argo-cd sends. */
const notificationSchema = Type.Object(
  {
    event: Type.Enum(['deployed', 'failed'], {
      description: 'deployed: synced and healthy, judged from now; failed: its deployment is over',
    }),
    application: Type.String({ minLength: 1, maxLength: 253 }),
    revision: text('status.sync.revision or status.operationState.syncResult.revision'),
    finishedAt: text('status.operationState.finishedAt; the same operation told twice is one'),
    images: Type.Optional(
      Type.Union([Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 100 }), Type.Null()], {
        description: 'status.summary.images: the tag of the one that is named like the service, or of the only one',
      }),
    ),
    service: text('service.name, where the Application has another name'),
    environment: text('deployment.environment.name'),
    version: text('service.version, where neither an image nor the revision is it'),
    template: text('a template by name'),
    strategy: Type.Optional(Type.Enum([...strategies])),
  },
  { additionalProperties: false },
)

type Notification = Static<typeof notificationSchema>

/** Notifications of Argo CD: what was synced begins to be judged. */
export function argoCdRoutes(app: App, services: Services): void {
  app.post(
    '/integrations/argo-cd/notifications',
    {
      config: { role: 'gate', answers: { 202: 'What it was taken for.' } },
      bodyLimit: 2 ** 17,
      schema: { tags: ['integrations'], body: notificationSchema },
    },
    async ({ body }, reply) => {
      reply.code(202)
      return taken(await services.announcements.take(readArgoCdNotification(body)))
    },
  )
}

/** @throws DavyError UNPROCESSABLE when nothing names a version. */
export function readArgoCdNotification(body: Notification): Announcement {
  const { event, application, finishedAt, strategy } = body
  const service = given(body.service) ?? application
  const version = given(body.version) ?? tagOf(body.images ?? [], service) ?? given(body.revision)
  if (version === undefined) {
    throw new DavyError('UNPROCESSABLE', 'The notification does not say which version was synced.', {
      expected: `version, a tag of the image ${service} in images, or revision`,
      got: 'none of them',
      where: '/version',
    })
  }
  const told = present({ environment: given(body.environment), template: given(body.template), strategy })
  const announcement = {
    by: 'argo-cd',
    key: `argo-cd/${application}/${event}/${given(finishedAt) ?? version}`,
    registration: registrationOf(service, version, told),
    isRepeated: true,
  } as const
  return event === 'deployed'
    ? { ...announcement, type: 'started' }
    : { ...announcement, type: 'finished', outcome: 'aborted' }
}

/** The tag of the image whose last part is the service's name, or of the only image; undefined: by digest, or several. */
function tagOf(images: readonly string[], service: string): string | undefined {
  const named = images.filter((image) => /([^/:@]+)(?::[^/@]+)?(?:@.*)?$/.exec(image)?.[1] === service)
  const [only, ...others] = named.length > 0 ? named : images
  if (only === undefined || others.length > 0) return undefined
  return /:([^/:@]+)(?:@.*)?$/.exec(only.replace(/@sha256:.*$/, ''))?.[1]
}

function given(value: string | null | undefined): string | undefined {
  return value === '' || value === null ? undefined : value
}
