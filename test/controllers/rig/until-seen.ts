import { until } from '../../davy.ts'
import type { DavyServer } from './davy-server.ts'
import { startsWithinMs } from './processes.ts'

type Services = {
  readonly items: readonly {
    readonly name: string
    readonly versions: readonly { readonly version: string; readonly requests: number }[]
  }[]
}

/** Waits until Davy has stored so many requests of a version of a service. */
export async function untilSeen(davy: DavyServer, service: string, version: string, requests: number): Promise<void> {
  await until(
    async () => {
      const { items } = await davy.get<Services>('/api/v1/services')
      const versions = items.find(({ name }) => name === service)?.versions ?? []
      return versions.some((row) => row.version === version && row.requests >= requests)
    },
    `${requests} stored requests of ${service} ${version}`,
    startsWithinMs,
  )
}
