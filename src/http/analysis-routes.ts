import { DavyError } from '../domain/errors.ts'
import type { Template } from '../domain/template.ts'
import { analysePast } from '../engine/retrospective.ts'
import { parseTemplate } from '../engine/template-schema.ts'
import { analysisSchema, type Body, present, readTime, toSelector } from './schemas.ts'
import type { App, Services } from './services.ts'

/** Judging what is stored: past windows of two cohorts, look by look. Nothing is written, nothing delivered. */
export function analysisRoutes(app: App, services: Services): void {
  app.post(
    '/api/v1/analyses',
    { config: { role: 'gate' }, schema: { tags: ['analyses'], body: analysisSchema } },
    async ({ body }) => {
      checkTimes(body)
      await services.templates.refresh()
      const { template, canary, baseline, ...rest } = body
      const { from: canaryFrom, to: canaryTo, ...canaryCohort } = canary
      const { from: baselineFrom, to: baselineTo, ...baselineCohort } = baseline
      return analysePast(
        services,
        present({
          ...rest,
          canary: present({ ...toSelector(canaryCohort, '/canary'), from: canaryFrom, to: canaryTo }),
          baseline: present({ ...toSelector(baselineCohort, '/baseline'), from: baselineFrom, to: baselineTo }),
        }),
        templateOf(template, services),
        services.stopping,
      )
    },
  )
}

function checkTimes(body: Body<typeof analysisSchema>): void {
  for (const [at, { from, to }] of [
    ['', body],
    ['/canary', body.canary],
    ['/baseline', body.baseline],
  ] as const) {
    if (from !== undefined) readTime(from, `${at}/from`)
    if (to !== undefined) readTime(to, `${at}/to`)
  }
}

function templateOf(template: Body<typeof analysisSchema>['template'], { templates }: Services): Template {
  if (typeof template === 'object') {
    return parseTemplate({ name: 'inline', ...template }, '/template', templates.base, templates.checkQuery)
  }
  const found = templates.find(template ?? 'default')
  if (found !== undefined) return found
  throw new DavyError('UNPROCESSABLE', `There is no template ${JSON.stringify(template)}.`, {
    expected: `one of ${templates.names().join(', ')}, or a whole template`,
    where: '/template',
  })
}
