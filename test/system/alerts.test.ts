import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alertsFolder, isAlert, metricsIn, readRules } from '../alerts/read-alerts.ts'
import { type Davy, type RequestSpan, sendSpans, startDavy, until, untilStored } from '../davy.ts'
import { quick } from '../engine/lab.ts'
import { type Caller, callerOf } from '../http/client.ts'
import { random } from '../stats/random.ts'
import { type Alertmanager, startAlertmanager } from './alerts/alertmanager.ts'
import { freePort, openReceivers, type Program, type Received, startProgram } from './alerts/prometheus.ts'

/** Davy → Prometheus → the shipped rules → Alertmanager with the shipped configuration → what stands for Slack and PagerDuty. */
const template = { ...quick, name: 'short', watermarkSeconds: 10, minimum: { seconds: 30, requests: 300 } }
const runbooks = 'https://git.example.com/davy/alerts/runbooks'
const grafana = 'https://grafana.example.com'
const rules = readRules()

let directory: string
let davy: Davy
let call: Caller
let receivers: Awaited<ReturnType<typeof openReceivers>>
let alertmanager: Alertmanager
let prometheus: Program
let prometheusUrl: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'davy-alerts-'))
  receivers = await openReceivers()
  davy = await startDavy()
  call = callerOf(davy)
  await call('PUT', `/api/v1/templates/${template.name}`, template)
  await call('POST', '/api/v1/endpoints', { url: `${receivers.url}/webhook` })
  alertmanager = await startAlertmanager(directory, receivers.url)
  prometheus = await startPrometheus()
})
afterAll(async () => {
  await prometheus?.stop()
  await alertmanager?.stop()
  await davy?.stop()
  await receivers?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** As the README of alerts/ says, but quicker. */
async function startPrometheus(): Promise<Program> {
  const port = await freePort()
  prometheusUrl = `http://127.0.0.1:${port}`
  const config = join(directory, 'prometheus.yml')
  writeFileSync(
    config,
    `global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {davy_runbooks: '${runbooks}', davy_grafana: '${grafana}'}
rule_files: ['${alertsFolder}/rules/*.yml']
alerting: {alertmanagers: [{static_configs: [{targets: ['${new URL(alertmanager.url).host}']}]}]}
scrape_configs:
  - job_name: davy
    honor_labels: true
    static_configs: [{targets: ['${new URL(davy.url).host}']}]
`,
  )
  const data = join(directory, 'tsdb')
  mkdirSync(data)
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`]
  return startProgram(process.env.PROMETHEUS ?? 'prometheus', args, directory, `${prometheusUrl}/-/ready`)
}

async function ask<T>(path: string): Promise<T> {
  const { status, data } = (await (await fetch(`${prometheusUrl}/api/v1/${path}`)).json()) as {
    status: string
    data: T
  }
  if (status !== 'success') throw new Error(`Prometheus does not answer ${path}`)
  return data
}

type Evaluated = {
  readonly name: string
  readonly health: string
  readonly lastError?: string
  readonly state?: string
}
type RuleGroups = {
  readonly groups: readonly { readonly rules: readonly Evaluated[]; readonly lastEvaluation: string }[]
}

/** Every rule, once all of them have been evaluated after `at`. */
async function evaluatedAfter(at: number): Promise<readonly Evaluated[]> {
  return until(
    async () => {
      const { groups } = await ask<RuleGroups>('rules')
      const all = groups.flatMap((group) => group.rules)
      return groups.length > 0 && groups.every(({ lastEvaluation }) => Date.parse(lastEvaluation) > at) && all
    },
    'an evaluation of all rules',
    90_000,
  )
}

/** 60 requests a second of three pods over four minutes. */
function requests(service: string, version: string, to: number, failing: number, seed: number): RequestSpan[] {
  const source = random(seed)
  const count = 240 * 60
  return Array.from({ length: count }, (_, index) => ({
    ...{ service, version, pod: `${service}-${version}-${index % 3}` },
    route: index % 2 === 0 ? 'GET /cart' : 'POST /pay',
    endAt: to - 240_000 + ((index + source.uniform()) * 240_000) / count,
    seconds: 0.03 * Math.exp(0.4 * source.normal()),
    error: source.uniform() < failing,
    resource: { 'deployment.environment.name': 'production' },
  }))
}

/** Rolls version 2 out over version 1, told of when it has already run for four minutes. @returns the deployment's id. */
async function rollOut(service: string, failing: number, decision: string): Promise<string> {
  const end = Math.floor(Date.now() / 10_000) * 10_000 - 20_000
  await sendSpans(davy, [...requests(service, '1', end, 0.02, 1), ...requests(service, '2', end, failing, 2)])
  await untilStored(davy, service, 2 * 240 * 60)
  const { body } = await call('POST', '/api/v1/deployments', {
    ...{ service, environment: 'production', template: template.name },
    ...{ canary: { version: '2' }, baseline: { version: '1' }, startedAt: new Date(end - 240_000).toISOString() },
  })
  const verdict = async () => (await call('GET', `/api/v1/deployments/${body.id}/verdict`)).body
  await until(async () => (await verdict()).decision === decision, `${decision} of ${service}`, 60_000)
  return body.id
}

const namesFiring = async () => {
  const { alerts } = await ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts')
  return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname)
}

describe('a Davy that judges a release without harm', () => {
  test('fires no alert but the one that always does, and no rule fails', async () => {
    await rollOut('cart', 0.02, 'promote')
    await until(async () => receivers.received.some(({ path }) => path === '/webhook'), 'a delivery', 30_000)
    // Twice: what the first evaluation recorded, the second has read.
    await evaluatedAfter(Date.now())
    const evaluated = await evaluatedAfter(Date.now())
    expect(evaluated).toHaveLength(rules.length)
    expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([])
    expect(await namesFiring()).toEqual(['DavyWatchdog'])
    expect(receivers.received.filter(({ path }) => path !== '/webhook' && path !== '/heartbeat')).toEqual([])
  })
})

describe('a release that is rolled back', () => {
  let id: string
  const received = (path: string) => receivers.received.filter((one) => one.path === path)
  const first = (path: string) => until(async () => received(path)[0], path, 60_000)
  const title = 'checkout 2 is rolled back in production'
  let report: string
  let dashboard: string

  beforeAll(async () => {
    id = await rollOut('checkout', 0.5, 'rollback')
    report = (await call('GET', `/api/v1/deployments/${id}/verdict`)).body.reportUrl
    dashboard = `${grafana}/d/davy-deployment?var-deployment=${id}`
  })

  test('is told in Slack within a minute, with what happened and where to read why', async () => {
    type Attachment = Record<string, unknown> & {
      readonly actions: readonly { readonly text: string; readonly url: string }[]
    }
    const { body } = await first('/slack')
    const [attachment] = body.attachments as Attachment[]
    expect(attachment).toMatchObject({ title, title_link: report, fallback: title, color: '#a51d13' })
    expect(attachment?.text).toMatch(/^Decided .+ ago, against 1\. Check that the traffic has left 2; the report says/)
    const links = Object.fromEntries(attachment!.actions.map(({ text, url }) => [text, url]))
    const { Silence: silence, ...others } = links
    expect(others).toEqual({ Report: report, Dashboard: dashboard, Runbook: `${runbooks}/DeploymentRolledBack.md` })
    expect(new URL(silence!.replace('/#/', '/')).searchParams.get('filter')).toContain(`,deployment_id="${id}",`)
    expect(await (await fetch(report)).text()).toContain('checkout')
  })

  test('pages once, with the same', async () => {
    const { body } = await first('/v2/enqueue')
    expect(body).toMatchObject({ event_action: 'trigger', routing_key: 'routing-key-of-the-test', client_url: report })
    expect(body.payload).toMatchObject({
      summary: title,
      severity: 'critical',
      group: 'checkout',
      component: 'verdict',
    })
    expect(body.links).toEqual([
      { href: report, text: 'Report' },
      { href: dashboard, text: 'Dashboard' },
      { href: `${runbooks}/DeploymentRolledBack.md`, text: 'Runbook' },
    ])
    expect((body.payload as { custom_details: object }).custom_details).toMatchObject({ deployment: id })
    await evaluatedAfter(Date.now())
    const keys = received('/v2/enqueue').map((page: Received) => page.body.dedup_key)
    expect(new Set(keys).size).toBe(1)
  })

  test('is told in Teams as well', async () => {
    expect(JSON.stringify((await first('/teams')).body)).toContain(title)
  })

  test('is told to a webhook, with its token', async () => {
    const { body, authorization } = await first('/hook')
    expect(authorization).toBe('Bearer token-of-the-test')
    expect(body).toMatchObject({ status: 'firing', receiver: 'webhook' })
    expect(JSON.stringify(body.alerts)).toContain(title)
  })

  test('fires nothing else, and by now every metric that a rule names is there', async () => {
    await evaluatedAfter(Date.now())
    expect((await namesFiring()).toSorted()).toEqual(['DavyWatchdog', 'DeploymentRolledBack'])
    const used = new Set(rules.flatMap(({ expr }) => metricsIn(expr)))
    const there = new Set(await ask<string[]>('label/__name__/values'))
    expect([...used].filter((name) => !there.has(name))).toEqual([])
    expect(rules.filter(isAlert).length).toBeGreaterThan(30)
  })
})
