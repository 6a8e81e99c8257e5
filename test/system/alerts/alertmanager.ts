import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertsFolder } from '../../alerts/read-alerts.ts'
import { tool } from '../clients/tools.ts'
import { freePort, type Program, startProgram } from './prometheus.ts'

/** An alert as Alertmanager's API takes it. */
type Posted = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Record<string, string>
  /** RFC 3339; in the past: it is over. */
  readonly endsAt?: string
}

/** An alert as Alertmanager's API gives it. */
type Shown = {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] }
}

export type Alertmanager = {
  readonly url: string
  post(alerts: readonly Posted[]): Promise<void>
  alerts(): Promise<Shown[]>
  stop(): Promise<void>
}

/**
 * The shipped configuration with nothing changed but where things are: secrets and templates in `directory`, PagerDuty at
 * `receiversUrl`, where the secret files point as well, and mail at `mailPort` without TLS and without the wait for more of it.
 */
function place(directory: string, receiversUrl: string, mailPort: number): string {
  const secrets = join(directory, 'secrets')
  mkdirSync(secrets, { recursive: true })
  const contents = {
    'slack-url': `${receiversUrl}/slack`,
    'teams-url': `${receiversUrl}/teams`,
    'heartbeat-url': `${receiversUrl}/heartbeat`,
    'pagerduty-routing-key': 'routing-key-of-the-test',
    'smtp-password': 'password-of-the-test',
    'webhook-url': `${receiversUrl}/hook`,
    'webhook-token': 'token-of-the-test',
  }
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(secrets, name), text)
  const text = readFileSync(join(alertsFolder, 'alertmanager.yml'), 'utf8')
    .replaceAll('/etc/alertmanager/secrets', secrets)
    .replaceAll('/etc/alertmanager/templates', join(alertsFolder, 'templates'))
    .replace('https://events.pagerduty.com', receiversUrl)
    .replace('smtp.example.com:587', `127.0.0.1:${mailPort}\n  smtp_require_tls: false`)
    .replace('group_wait: 5m', 'group_wait: 0s')
  const path = join(directory, 'alertmanager.yml')
  writeFileSync(path, text)
  return path
}

/** A real Alertmanager with the shipped configuration, by default with mail to nowhere, or with that of a file. */
export async function startAlertmanager(
  directory: string,
  receiversUrl: string,
  { mailPort = 1, file = place(directory, receiversUrl, mailPort) }: { mailPort?: number; file?: string } = {},
): Promise<Alertmanager> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [
    `--config.file=${file}`,
    `--storage.path=${join(directory, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]
  const program: Program = await startProgram(tool('bin/alertmanager'), args, directory, `${url}/-/ready`)
  return {
    url,
    async post(alerts) {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      })
      if (!response.ok) throw new Error(`Alertmanager answered ${response.status}: ${await response.text()}`)
    },
    alerts: async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as Shown[],
    stop: () => program.stop(),
  }
}
