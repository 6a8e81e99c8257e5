import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { type AccessOptions, registerAccess } from './access.ts'
import { analysisRoutes } from './analysis-routes.ts'
import { calibrationRoutes } from './calibration-routes.ts'
import { checkRoutes } from './check-routes.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { deploymentRoutes } from './deployment-routes.ts'
import { endpointRoutes } from './endpoint-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { explanationRoutes } from './explanation-routes.ts'
import { integrations } from './integrations/index.ts'
import { registerJsonBody } from './json-body.ts'
import { judgementRoutes } from './judgement-routes.ts'
import { logTemplateRoutes } from './log-template-routes.ts'
import { openapiOptions } from './openapi.ts'
import { otlpRoutes } from './otlp-routes.ts'
import { pageRoutes } from './page-routes.ts'
import { planRoutes } from './plan-routes.ts'
import { portFault } from './port-fault.ts'
import { probeRoutes } from './probe-routes.ts'
import { registerProblems, sendProblem } from './problem.ts'
import { quarantineRoutes } from './quarantine-routes.ts'
import { remoteWriteRoutes } from './remote-write-routes.ts'
import { serviceRoutes } from './service-routes.ts'
import type { App, Services } from './services.ts'
import { sourceRoutes } from './source-routes.ts'
import { templateRoutes } from './template-routes.ts'
import { inRequestSpan, registerTracing } from './tracing-hook.ts'
import { verdictRoutes } from './verdict-routes.ts'

/** Everything on one port: API, OTLP, pages, probes. */
export async function createApp(services: Services, access: AccessOptions): Promise<App> {
  const app = bare(services, access)
  await app.register(swagger, openapiOptions(services.engine.replace(/^.*\//, '')))
  otlpRoutes(app as unknown as FastifyInstance, services)
  remoteWriteRoutes(app as unknown as FastifyInstance, services)
  app.register(async (scope) => {
    const typed = scope as App
    deploymentRoutes(typed, services)
    verdictRoutes(typed, services)
    checkRoutes(typed, services)
    explanationRoutes(typed, services)
    analysisRoutes(typed, services)
    judgementRoutes(typed, services)
    planRoutes(typed, services)
    templateRoutes(typed, services)
    serviceRoutes(typed, services)
    sourceRoutes(typed, services)
    calibrationRoutes(typed, services)
    logTemplateRoutes(typed, services)
    endpointRoutes(typed, services)
    deliveryRoutes(typed, services)
    quarantineRoutes(typed, services)
    eventRoutes(typed, services)
    probeRoutes(typed, services)
    pageRoutes(typed, services)
    for (const routes of integrations) routes(typed, services)
    typed.get('/openapi.json', { config: { role: 'viewer' }, schema: { hide: true } }, () => app.swagger())
  })
  await app.ready()
  return app
}

/** OTLP's own port takes telemetry and nothing else. */
export async function createOtlpApp(services: Services, access: AccessOptions): Promise<App> {
  const app = bare(services, access)
  otlpRoutes(app as unknown as FastifyInstance, services)
  await app.ready()
  return app
}

/**
 * @returns the address, as http://host:port.
 * @throws DavyError CONFIG that names the variable when the address cannot be had.
 */
export async function listenOn(app: App, host: string, port: number, variable: string): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    throw portFault(host, port, variable, (cause as { code?: string }).code ?? String(cause), cause)
  }
}

/** Takes no more connections and waits for the answers that are under way, `graceMs` at most; then it cuts them off. */
export async function closeApp(app: App, graceMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), graceMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

function bare(services: Services, access: AccessOptions): App {
  const count = (code: Parameters<Parameters<typeof sendProblem>[3] & object>[0]) =>
    services.metrics.requestErrors.inc({ code })
  const app = fastify({
    loggerInstance: services.log as FastifyBaseLogger,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
    bodyLimit: 2 ** 20,
    routerOptions: { maxParamLength: 300 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false } },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, count),
  }).withTypeProvider<TypeBoxTypeProvider>() as App
  registerTracing(app as unknown as FastifyInstance)
  registerJsonBody(app as unknown as FastifyInstance)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    done()
  })
  // A connection that stays open after its answer would hold up the stop until it is idle for long.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (services.draining.aborted) reply.header('connection', 'close')
    done(null, payload)
  })
  registerProblems(app as unknown as FastifyInstance, count)
  registerAccess(app as unknown as FastifyInstance, access)
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const seconds = reply.elapsedTime / 1000
    inRequestSpan(request, () => services.metrics.observeRequest(request.method, route, reply.statusCode, seconds))
    done()
  })
  return app
}
