import { idParams } from './schemas.ts'
import type { App, Services } from './services.ts'

/** What was found about the newest harmful verdict; null while there is none, or none has been explained yet. */
export function explanationRoutes(app: App, { deployments, explanations }: Services): void {
  app.get(
    '/api/v1/deployments/:id/explanation',
    { config: { role: 'viewer' }, schema: { tags: ['verdicts'], params: idParams } },
    async ({ params }) => {
      await deployments.refresh()
      const { id } = deployments.get(params.id)
      return { deploymentId: id, explanation: await explanations.newestOf(id) }
    },
  )
}
