import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Cluster, startCluster } from './cluster.ts'
import { type DavyServer, startDavyServer } from './davy-server.ts'
import { tellReaper } from './processes.ts'

/** A control plane and a Davy, both real, with their files in one temporary folder. */
export type Rig = {
  readonly folder: string
  readonly cluster: Cluster
  readonly davy: DavyServer
  /** Stops what was started, the last one first, then removes the folder. */
  readonly stack: AsyncDisposableStack
}

const templateFile = resolve(import.meta.dirname, '../template.yaml')

/** The name of the template of the scenarios. */
export const templateName = 'controllers'

/**
 * Starts both. What was started before a failure is stopped. With DAVY_CONTROLLERS_KEEP set the folder with all logs
 * stays, and is printed.
 */
export async function startRig(): Promise<Rig> {
  const stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'davy-controllers-'))
  const isKept = process.env.DAVY_CONTROLLERS_KEEP !== undefined
  if (isKept) console.log(`the logs are kept in ${folder}`)
  if (!isKept) tellReaper({ folder })
  stack.defer(() => {
    if (!isKept) rmSync(folder, { recursive: true, force: true })
  })
  try {
    // One after the other: what is still being started when another start fails would not be on the stack to be stopped.
    const cluster = await startCluster(folder, stack)
    const davy = await startDavyServer(folder, [templateFile], stack)
    return { folder, cluster, davy, stack }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
