/**
 * A simulator of the Kayenta provider of Argo Rollouts, written from what that controller sends and reads: three calls,
 * no headers of its own, nothing escaped, status 200 and no other, and of the answers only what is read here.
 */
export type KayentaMetric = {
  readonly address: string
  readonly application: string
  readonly canaryConfigName: string
  readonly metricsAccountName: string
  readonly configurationAccountName: string
  readonly storageAccountName: string
  readonly threshold: { readonly pass: number; readonly marginal: number }
  readonly scopes: readonly {
    readonly name: string
    readonly controlScope: ArgoScope
    readonly experimentScope: ArgoScope
  }[]
}

type ArgoScope = {
  readonly scope: string
  readonly region: string
  readonly step: number
  readonly start: string
  readonly end: string
}

export type Phase = 'Successful' | 'Inconclusive' | 'Failed' | 'Error'

const timeoutMs = 15_000

async function exchange(address: string, path: string, body?: object): Promise<unknown> {
  // Go's client takes user and password of the address for basic authentication.
  const url = new URL(address + path)
  const user = url.username === '' ? {} : { authorization: `Basic ${btoa(`${url.username}:${url.password}`)}` }
  url.username = ''
  url.password = ''
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...user, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`Invalid Response: HTTP ${response.status}: ${text}`)
  return JSON.parse(text)
}

type ListedConfig = { readonly id: string; readonly name: string; readonly updatedTimestamp?: number }

/** Starts a measurement. @returns the id of the execution. @throws where the controller's measurement would be an Error */
export async function runMeasurement(metric: KayentaMetric): Promise<string> {
  const { address, application, metricsAccountName, configurationAccountName, storageAccountName } = metric
  // It is the name of the storage account that it passes here.
  const listed = (await exchange(
    address,
    `/canaryConfig?application=${application}&configurationAccountName=${storageAccountName}`,
  )) as readonly ListedConfig[]
  for (const { updatedTimestamp } of listed) {
    if (updatedTimestamp !== undefined && !Number.isInteger(updatedTimestamp)) throw new Error('cannot be decoded')
  }
  const config = listed.find(({ name }) => name === metric.canaryConfigName)
  if (config === undefined) throw new Error('canary config not found')
  const scopeOf = ({ region, ...scope }: ArgoScope) => ({ ...scope, location: region })
  const scopes = metric.scopes.map(({ name, controlScope, experimentScope }) => [
    name,
    { controlScope: scopeOf(controlScope), experimentScope: scopeOf(experimentScope) },
  ])
  const accounts = `metricsAccountName=${metricsAccountName}&configurationAccountName=${configurationAccountName}&storageAccountName=${storageAccountName}`
  const started = (await exchange(address, `/canary/${config.id}?application=${application}&${accounts}`, {
    scopes: Object.fromEntries(scopes),
    thresholds: metric.threshold,
  })) as { readonly canaryExecutionId?: string }
  if (typeof started.canaryExecutionId !== 'string') throw new Error('no execution id')
  return started.canaryExecutionId
}

/** Asks how a measurement ended; null: not yet. */
export async function resumeMeasurement({ address, threshold }: KayentaMetric, id: string): Promise<Phase | null> {
  const status = (await exchange(address, `/canary/${id}`)) as {
    readonly complete?: unknown
    readonly result?: { readonly judgeResult?: { readonly score?: { readonly score?: unknown } } }
  }
  if (typeof status.complete !== 'boolean') return 'Error'
  if (!status.complete) return null
  const score = status.result?.judgeResult?.score?.score
  if (typeof score !== 'number') return 'Error'
  if (Math.trunc(score) >= threshold.pass) return 'Successful'
  return Math.trunc(score) >= threshold.marginal ? 'Inconclusive' : 'Failed'
}
