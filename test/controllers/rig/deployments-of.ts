import type { DavyServer } from './davy-server.ts'

/** What is asked of Davy's deployment. */
export type Deployment = {
  readonly id: string
  readonly origin: string
  readonly status: string
  readonly outcome: string | null
  readonly template: { readonly name: string }
  readonly progress: readonly { readonly step: string | null; readonly weight: number | null }[]
}

/**
 * Davy's deployments of a service that a controller's questions opened, the newest first. Without those that Davy opened by
 * itself when it saw a new version before the controller asked, only to observe; the controller's supersede them.
 */
export async function deploymentsOf(davy: DavyServer, service: string): Promise<readonly Deployment[]> {
  const { items } = await davy.get<{ items: Deployment[] }>(`/api/v1/deployments?service=${service}`)
  return items.filter(({ origin }) => origin !== 'detected')
}
