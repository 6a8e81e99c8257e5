import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { until } from '../../davy.ts'
import type { Cluster } from './cluster.ts'
import { startsWithinMs } from './processes.ts'
import { toolPath } from './tool-path.ts'

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

type Crd = { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }

// As text: Flagger's own file has quoted lines that only Go's YAML takes, and the server reads what it is sent with that.
function readCrds(controller: string): { readonly name: string; readonly text: string }[] {
  const folder = toolPath(`crds/${controller}`)
  const texts = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/^---$/m))
  return texts
    .filter((text) => /^kind: CustomResourceDefinition$/m.test(text))
    .map((text) => {
      const name = /^metadata:\n(?: .*\n)*? {2}name: (\S+)$/m.exec(text)?.[1]
      if (name === undefined) throw new Error(`a CRD without a name in ${folder}: ${text.slice(0, 200)}`)
      return { name, text }
    })
}

/** Applies the CRDs of a controller, server-side and as its own module has them, and waits until they are served. */
export async function applyCrds(cluster: Cluster, controller: 'argo-rollouts' | 'flagger'): Promise<void> {
  const { server, caFile } = cluster.config.getCurrentCluster()!
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile!, 'utf8') } })
  const authorization = `Bearer ${cluster.config.getCurrentUser()!.token}`
  const crds = readCrds(controller)
  if (crds.length === 0) throw new Error(`expected CRDs of ${controller}, there is none`)
  for (const { name, text } of crds) {
    const response = await request(`${server}${path}/${name}?fieldManager=rig&force=true`, {
      ...{ dispatcher, method: 'PATCH', body: text },
      headers: { authorization, 'content-type': 'application/apply-patch+yaml' },
    })
    const answer = await response.body.text()
    if (response.statusCode >= 300) throw new Error(`the CRD ${name} was not taken: ${response.statusCode} ${answer}`)
  }
  for (const { name } of crds) {
    await until(
      async () => {
        const response = await request(`${server}${path}/${name}`, { dispatcher, headers: { authorization } })
        const { status } = (await response.body.json()) as Crd
        return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True')
      },
      `the CRD ${name} is established`,
      startsWithinMs,
    )
  }
  await dispatcher.close()
}
