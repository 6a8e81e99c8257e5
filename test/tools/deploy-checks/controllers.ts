import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Bench, Check } from '../check-deploy.ts'
import { conform } from './conform.ts'

/** Objects whose definitions are in no module that Go's proxy has; deploy/README.md says what they were read against. */
const unchecked = new Set(['Stage', 'Provider', 'Alert'])

const folders = ['argo-rollouts', 'flagger', 'argo-cd', 'kargo', 'flux']

/** The manifests of a folder that there are definitions of. */
function checkable(repository: string, folder: string): string[] {
  const path = join(repository, 'deploy', folder)
  const files = readdirSync(path).filter((file) => file.endsWith('.yaml'))
  const documents = files.flatMap((file) => parseAllDocuments(readFileSync(join(path, file), 'utf8')))
  return documents.filter((document) => !unchecked.has(String(document.get('kind')))).map(String)
}

function checkControllers(bench: Bench): string {
  const all = folders.map((folder) => [folder, checkable(bench.repository, folder)] as const)
  const some = all.filter(([, documents]) => documents.length > 0)
  const counts = some.map(([folder, documents]) => `${folder} ${conform(bench, folder, documents.join('---\n'))}`)
  const [, rollouts] = all[0]!
  const wrong = rollouts.join('---\n').replaceAll('failureCondition:', 'failureConditions:')
  try {
    conform(bench, 'wrong', wrong)
  } catch (error) {
    if (!(error as Error).message.includes('failureConditions')) throw error
    return `${counts.join(', ')}; a misspelt key is refused; not ${[...unchecked].join(', ')}`
  }
  throw new Error('expected failureConditions to be refused, got none')
}

export const controllerChecks: readonly Check[] = [
  { name: 'controllers', tools: ['kubeconform'], check: checkControllers },
]
