import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alertsFolder, isAlert, readRules } from '../alerts/read-alerts.ts'
import { until } from '../davy.ts'
import { type Alertmanager, startAlertmanager } from './alerts/alertmanager.ts'
import { openReceivers } from './alerts/prometheus.ts'
import { tool } from './clients/tools.ts'

/** The shipped configuration of Alertmanager: what amtool says of it, and what a real Alertmanager does with it. */
const configuration = join(alertsFolder, 'alertmanager.yml')
const amtool = (...args: string[]) => execFileSync(tool('bin/amtool'), args, { encoding: 'utf8', stdio: 'pipe' })
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'davy-alertmanager-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('amtool takes the configuration', () => {
  expect(amtool('check-config', configuration)).toContain('SUCCESS')
})

test('no secret stands in it, only files', () => {
  const text = readFileSync(configuration, 'utf8')
  expect(text).not.toMatch(/(password|_key|token|secret|webhook_url|api_url): /)
  expect(text.match(/_file: \/etc\/alertmanager\/secrets\//g)).toHaveLength(7)
})

describe('an alert goes', () => {
  const receiversOf: Readonly<Record<string, string>> = {
    'critical release': 'webhook,pager,chat',
    'critical davy': 'pager,chat',
    'warning release': 'webhook,chat',
    'warning davy': 'mail,chat',
    'none davy': 'heartbeat',
  }
  test.each(readRules().filter(isAlert))('where its severity and team say: $alert', ({ alert, labels }) => {
    const receivers = receiversOf[`${labels.severity} ${labels.team}`]
    const told = Object.entries({ alertname: alert, ...labels }).map(([name, value]) => `${name}=${value}`)
    const args = ['config', 'routes', 'test', `--config.file=${configuration}`, `--verify.receivers=${receivers}`]
    expect(amtool(...args, ...told).trim()).toBe(receivers)
  })

  test('also when its severity is one that nobody has written yet', () => {
    expect(amtool('config', 'routes', 'test', `--config.file=${configuration}`, 'severity=info').trim()).toBe('chat')
  })
})

const startsAt = '2026-11-21T10:00:00Z'
const rollback = {
  status: 'firing',
  labels: { alertname: 'DeploymentRolledBack', severity: 'critical', service: 'checkout', environment: 'production' },
  annotations: {
    summary: 'checkout 2.4.1 is rolled back in production',
    description: 'Decided 20s ago, against 2.4.0.',
    report_url: 'https://davy.example.com/deployments/01D',
    dashboard_url: 'https://grafana.example.com/d/davy-deployment?var-deployment=01D',
    runbook_url: 'https://git.example.com/runbooks/DeploymentRolledBack.md',
  },
  startsAt,
  endsAt: '2026-11-21T10:15:00Z',
  generatorURL: 'https://prometheus.example.com/graph',
}
const hostile = {
  ...rollback,
  labels: { ...rollback.labels, alertname: 'DavyDown', service: 'a "b" \\ & c' },
  annotations: {
    summary: '<!channel> & <https://evil.example|click>',
    description: 'A name "with" quotes, <tags> & an & more.',
    report_url: '/deployments/01D',
    dashboard_url: '/d/davy-service-health',
    runbook_url: 'runbooks/DavyDown.md',
  },
}
const warning = { ...rollback, labels: { ...rollback.labels, severity: 'warning' } }

describe('the templates', () => {
  const data = (status: string, ...alerts: (typeof rollback)[]) => ({
    ...{
      receiver: 'chat',
      status,
      groupLabels: {},
      commonAnnotations: {},
      externalURL: 'https://alertmanager.example.com',
    },
    alerts: alerts.map((alert) => ({ ...alert, status })),
    commonLabels: alerts[0]!.labels,
  })
  const cases = {
    rollback: data('firing', rollback),
    resolved: data('resolved', rollback),
    warning: data('firing', warning),
    'two, one of them hostile': data('firing', hostile, rollback),
  }
  const templates = [
    ...['title', 'report', 'dashboard', 'runbook', 'silence', 'text', 'color', 'pager.severity'],
    ...['slack.title', 'slack.text'],
  ]

  test('write what is in the golden file', () => {
    const rendered = Object.entries(cases).map(([name, content]) => {
      const path = join(directory, 'data.json')
      writeFileSync(path, JSON.stringify(content))
      const parts = templates.map((template) => {
        const glob = `--template.glob=${join(alertsFolder, 'templates', '*.tmpl')}`
        const text = `--template.text={{ template "davy.${template}" . }}`
        return `--- ${template}\n${amtool('template', 'render', glob, `--template.data=${path}`, text)}\n`
      })
      return `=== ${name}\n${parts.join('')}`
    })
    const golden = new URL('alerts/templates.golden.txt', import.meta.url)
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, rendered.join('\n'))
    expect(rendered.join('\n')).toBe(readFileSync(golden, 'utf8'))
  })
})

/** Takes mail from whoever has the password of the secret file. */
const mails: string[] = []
const mailServer = new SMTPServer({
  ...{ allowInsecureAuth: true, disabledCommands: ['STARTTLS'], logger: false },
  onAuth({ username, password }, _session, done) {
    if (password === 'password-of-the-test') done(null, { user: username })
    else done(new Error('wrong password'))
  },
  onData(stream, _session, done) {
    let mail = ''
    stream.on('data', (chunk) => {
      mail += chunk
    })
    stream.on('end', () => {
      mails.push(mail)
      done()
    })
  },
})

describe('a real Alertmanager', () => {
  let receivers: Awaited<ReturnType<typeof openReceivers>>
  let alertmanager: Alertmanager
  beforeAll(async () => {
    mailServer.listen(0, '127.0.0.1')
    await once(mailServer.server, 'listening')
    receivers = await openReceivers()
    const mailPort = (mailServer.server.address() as AddressInfo).port
    alertmanager = await startAlertmanager(directory, receivers.url, { mailPort })
  })
  afterAll(async () => {
    await alertmanager?.stop()
    await receivers?.close()
    await new Promise<void>((resolve) => mailServer.close(() => resolve()))
  })

  const deployment = { service: 'checkout', environment: 'production', deployment_id: '01D' }
  const verdict = { component: 'verdict', team: 'release', severity: 'warning' }
  const own = { team: 'davy', severity: 'warning' }
  const rolledBack = { alertname: 'DeploymentRolledBack', ...verdict, severity: 'critical', ...deployment }
  const down = { alertname: 'DavyDown', ...own, severity: 'critical', component: 'platform', instance: 'a:8080' }

  /** What became of the second of two alerts that fire together. Each case has names of its own, so that none meets another's. */
  async function isMuted(source: Record<string, string>, target: Record<string, string>): Promise<boolean> {
    const mark = `case-${Math.random()}`
    await alertmanager.post([{ labels: source }])
    await until(
      async () => (await alertmanager.alerts()).some(({ labels }) => labels.alertname === source.alertname),
      'source',
    )
    await alertmanager.post([{ labels: { ...target, mark } }])
    const shown = await until(
      async () =>
        (await alertmanager.alerts()).find(
          ({ labels, status }) => labels.mark === mark && status.state !== 'unprocessed',
        ),
      `the state of ${target.alertname}`,
      60_000,
    )
    return shown.status.inhibitedBy.length > 0
  }

  // The first of these tests: a team gets one mail an hour.
  test('mails a warning of Davy, with what is wrong and where to read on', async () => {
    const labels = { alertname: 'DavyStorageSlow', ...own, component: 'storage', instance: 'c:8080' }
    const annotations = {
      summary: 'The storage is slow',
      description: 'Looks come late.',
      runbook_url: 'runbooks/x.md',
    }
    await alertmanager.post([{ labels, annotations }])
    const mail = await until(async () => mails[0], 'a mail', 60_000)
    expect(mail).toMatch(/^To: davy-owners@example\.com\r$/m)
    expect(mail).toMatch(/^Subject: The storage is slow\r$/m)
    expect(mail).toContain('Looks come late.')
    expect(mail).toContain('Runbook: runbooks/x.md')
  })

  test('mutes an alert of the same deployment, once that is rolled back', async () => {
    expect(await isMuted(rolledBack, { alertname: 'DeploymentWithoutData', ...verdict, ...deployment })).toBe(true)
  })

  test('mutes an alert, but not of another deployment, and not of a user', async () => {
    const other = { ...deployment, deployment_id: '01E' }
    expect(await isMuted(rolledBack, { alertname: 'DeploymentWithoutData', ...verdict, ...other })).toBe(false)
    expect(await isMuted(rolledBack, { alertname: 'CheckoutFails', severity: 'critical', ...deployment })).toBe(false)
  })

  test('mutes an alert, but not the one that says that nobody rolled back', async () => {
    const goesOn = { alertname: 'DeploymentRollbackNotConfirmed', ...verdict, severity: 'critical' }
    expect(await isMuted(rolledBack, { ...goesOn, ...deployment })).toBe(false)
  })

  test('mutes an alert, but not where the compared labels are missing on both sides', async () => {
    const bare = { alertname: 'DeploymentRolledBack', ...verdict, severity: 'critical' }
    expect(await isMuted(bare, { alertname: 'DeploymentWithoutData', ...verdict })).toBe(false)
    const { instance: _, ...downSomewhere } = down
    expect(await isMuted(downSomewhere, { alertname: 'DavySloBurn1h', ...own, component: 'slo' })).toBe(false)
  })

  test('mutes an alert of an instance that does not answer, and of no other', async () => {
    const slow = { alertname: 'DavyEventLoopSlow', ...own, component: 'platform' }
    expect(await isMuted(down, { ...slow, instance: 'a:8080' })).toBe(true)
    expect(await isMuted(down, { ...slow, instance: 'b:8080' })).toBe(false)
  })

  test('pages once for all looks that are overdue', async () => {
    const overdue = { alertname: 'DavyLooksOverdue', ...own, severity: 'critical', component: 'analysis' }
    const annotations = { summary: 'not looked at', description: 'Its gate waits.', runbook_url: 'runbooks/x.md' }
    const labels = ['01G', '01H', '01I'].map((deployment_id) => ({ ...overdue, ...deployment, deployment_id }))
    const isOverdue = (body: object) => JSON.stringify(body).includes('not looked at')
    await alertmanager.post(labels.map((each) => ({ labels: each, annotations })))
    const page = await until(
      async () => receivers.received.find(({ path, body }) => path.includes('enqueue') && isOverdue(body)),
      'a page',
      60_000,
    )
    expect(JSON.stringify(page.body)).toContain('not looked at (and 2 more)')
  })

  test('never mutes a rollback', async () => {
    expect(await isMuted(down, { ...rolledBack, service: 'cart', deployment_id: '01F' })).toBe(false)
  })
})
