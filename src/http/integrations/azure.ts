import { type Static, Type } from 'typebox'
import type { Deployment } from '../../domain/deployment.ts'
import { DavyError } from '../../domain/errors.ts'
import type { Endpoint } from '../../domain/sink.ts'
import type { App, Services } from '../services.ts'
import { askEndpoints } from './ask-endpoints.ts'
import { deploymentGate } from './deployment-gate.ts'

const name = (description: string) => Type.String({ minLength: 1, maxLength: 253, description })
const id = Type.String({ pattern: '^[0-9a-zA-Z-]{1,64}$' })

/** What the check of a stage asks about. Azure's own default body may come with it. */
const asked = {
  service: name('service.name'),
  environment: Type.Optional(name('deployment.environment.name; `default` when absent')),
  version: name('service.version of the canary'),
}

const checkSchema = Type.Object(asked)

const callbackSchema = Type.Object({
  ...asked,
  ProjectId: id,
  PlanId: id,
  JobId: id,
  TaskInstanceId: id,
  HubName: Type.Optional(id),
  VstsUrl: Type.String({ minLength: 1, maxLength: 1000 }),
})

/**
 * The REST check of Azure Pipelines in both of its modes: `check` answers at once and is asked again, `callback` writes
 * the question down, and the endpoint of format azure answers it later. The AuthToken that comes along is not read.
 */
export function azureRoutes(app: App, services: Services): void {
  const options = { config: { role: 'gate' }, bodyLimit: 2 ** 16 } as const
  const tags = ['integrations']

  app.post('/integrations/azure/check', { ...options, schema: { tags, body: checkSchema } }, async ({ body }) => {
    const { id: deploymentId } = await deploymentOf(services, body)
    services.polled(deploymentId)
    return (await deploymentGate(services, deploymentId, null)).gate
  })

  app.post(
    '/integrations/azure/callback',
    {
      ...options,
      config: { ...options.config, answers: { 202: 'It is written down, and answered later.' } },
      schema: { tags, body: callbackSchema },
    },
    async ({ body }, reply) => {
      await deploymentOf(services, body)
      reply.code(202)
      return { asked: await ask(services, body) }
    },
  )
}

/** @throws DavyError NOT_FOUND: a check of what nobody registered must fail, and say why. */
async function deploymentOf({ deployments }: Services, body: Static<typeof checkSchema>): Promise<Deployment> {
  const { service, environment = 'default', version } = body
  await deployments.refresh()
  const found = deployments
    .list()
    .find((each) => each.service === service && each.environment === environment && each.canary.version === version)
  if (found !== undefined) return found
  throw new DavyError('NOT_FOUND', `There is no deployment of ${service} ${version} in ${environment}.`, {
    expected: 'one that was registered before the check, by POST /api/v1/deployments or `davy register`',
    where: '/version',
  })
}

function ask(services: Services, body: Static<typeof callbackSchema>): Promise<readonly string[]> {
  const { service, environment = 'default', version, VstsUrl, ProjectId, PlanId, JobId, TaskInstanceId } = body
  const hub = body.HubName ?? 'checks'
  const isAnswerer = ({ format, url }: Endpoint) => format === 'azure' && isSameAddress(url, VstsUrl)
  return askEndpoints(
    services,
    isAnswerer,
    (endpoint) => ({
      key: `azure/${endpoint.id}/${PlanId}/${TaskInstanceId}`,
      endpoint: endpoint.id,
      ...{ service, environment, versions: [version] },
      details: { project: ProjectId, hub, plan: PlanId, job: JobId, task: TaskInstanceId },
    }),
    () => {
      throw new DavyError('UNPROCESSABLE', 'No endpoint answers for this organisation of Azure DevOps.', {
        expected: 'a webhook of format azure whose url is the VstsUrl of the check',
        got: JSON.stringify(VstsUrl.slice(0, 100)),
        where: '/VstsUrl',
      })
    },
  )
}

/** Only an address that is configured is ever called: this one comes from whoever asks. */
function isSameAddress(configured: string, given: string): boolean {
  if (!URL.canParse(given)) return false
  return new URL(configured).href.replace(/\/+$/, '') === new URL(given).href.replace(/\/+$/, '')
}
