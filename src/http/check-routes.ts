import { Type } from 'typebox'
import type { CheckReport, CheckState } from '../domain/check.ts'
import type { Deployment } from '../domain/deployment.ts'
import { DavyError } from '../domain/errors.ts'
import { readJunit } from '../receivers/checks/read-junit.ts'
import { readVulnerabilities } from '../receivers/checks/read-vulnerabilities.ts'
import { reportName } from '../receivers/checks/report-name.ts'
import { callerName } from './deployment-routes.ts'
import { idParams } from './schemas.ts'
import type { App, Services } from './services.ts'

/** Reports of large scans. */
const largestBytes = 16 * 2 ** 20

const checkQuery = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._:/ -]{0,99}$',
        description: 'the newest report of a name counts; absent: the tool and what it tested, as trivy shop/checkout',
      }),
    ),
    arm: Type.Optional(
      Type.Enum(['canary', 'baseline'], { description: 'baseline: what a scan of the canary is compared with' }),
    ),
    url: Type.Optional(Type.String({ pattern: '^https?://', maxLength: 2000, description: 'where to read more' })),
  },
  { additionalProperties: false },
)

const checkName = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'
const probeParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  name: Type.String({ pattern: checkName }),
})

const probeSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^@/]+(/|$)',
      maxLength: 2000,
      description: "the canary's address; no credentials",
    }),
    status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599, description: '200 when absent' })),
    contains: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: 'in the first 64 KiB' })),
    withinSeconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: 15, description: '5 when absent' })),
    everySeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600, description: '30 when absent' })),
  },
  { additionalProperties: false },
)

const xmlTypes = ['application/xml', 'text/xml', 'application/junit+xml']
const junit = { type: 'string', description: 'JUnit XML' }
const jsonReport = {
  description: 'a report of Trivy, Grype or Snyk, or {"passed": true | false, "summary": "a sentence"}',
}

/**
 * What people's own tests and scanners say of a deployment: JUnit XML, a report of Trivy, Grype or Snyk as JSON, or
 * `{"passed": …, "summary": …}`. A check that has failed holds a promote and rolls nothing back.
 */
export function checkRoutes(app: App, services: Services): void {
  const { deployments, checks, probes, checksOf } = services
  for (const type of xmlTypes) {
    app.addContentTypeParser(type, { parseAs: 'string', bodyLimit: largestBytes }, (_request, body, done) => {
      done(null, body)
    })
  }

  app.post(
    '/api/v1/deployments/:id/checks',
    {
      config: {
        ...{ role: 'gate', contentTypes: xmlTypes, answers: { 201: 'It is kept; how the check stands now.' } },
        takes: { ...Object.fromEntries(xmlTypes.map((type) => [type, junit])), 'application/json': jsonReport },
      },
      bodyLimit: largestBytes,
      schema: { tags: ['checks'], params: idParams, querystring: checkQuery },
    },
    async (request, reply) => {
      await deployments.refresh()
      const deployment = deployments.get(request.params.id)
      const report = readReport(request.body)
      const { name = reportName(request.body), arm = 'canary', url } = request.query
      await checks.add(deployment, { name, arm, report, url: url ?? null, by: callerName(request) })
      const state = (await stateOf(services, deployment)).find((one) => one.name === name && one.kind === report.kind)
      return reply
        .code(201)
        .send(state ?? { name, kind: report.kind, arm, passed: null, summary: 'Kept to compare with.' })
    },
  )

  app.put(
    '/api/v1/deployments/:id/probes/:name',
    {
      config: { role: 'gate', answers: { 201: 'It is asked from now on.' } },
      schema: { tags: ['checks'], params: probeParams, body: probeSchema },
    },
    async ({ params, body }, reply) => {
      await deployments.refresh()
      const { url, status = 200, contains, withinSeconds = 5, everySeconds = 30 } = body
      const probe = { name: params.name, url, status, contains: contains ?? null, withinSeconds, everySeconds }
      await probes.add(deployments.get(params.id), probe)
      return reply.code(201).send(probe)
    },
  )

  app.get(
    '/api/v1/deployments/:id/checks',
    { config: { role: 'viewer' }, schema: { tags: ['checks'], params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      return { items: await stateOf(services, deployments.get(params.id)) }
    },
  )

  async function stateOf({ refreshChecks }: Services, deployment: Deployment): Promise<readonly CheckState[]> {
    await refreshChecks()
    return checksOf(deployment)
  }
}

function readReport(body: unknown): CheckReport {
  if (typeof body === 'string') return readJunit(body)
  if (typeof body === 'object' && body !== null && 'passed' in body) return readResult(body)
  return readVulnerabilities(body)
}

function readResult(body: object): CheckReport {
  const { passed, summary } = body as { readonly passed: unknown; readonly summary?: unknown }
  if (typeof passed !== 'boolean' || (summary !== undefined && typeof summary !== 'string')) {
    throw new DavyError('VALIDATION', 'The body is no result of a check.', {
      expected: '{"passed": true | false, "summary": "one sentence"}',
      got: `passed ${typeof passed}, summary ${typeof summary}`,
      where: 'body',
    })
  }
  return { kind: 'result', passed, summary: (summary ?? (passed ? 'It passed.' : 'It failed.')).slice(0, 500) }
}
