import { expect, test } from 'vitest'
import type { Endpoint, HttpRequest, HttpResponse, Mail, Ports } from '../../src/domain/sink.ts'
import { expectGolden } from '../report/golden.ts'
import { type CaseName, cases, deliveryTo, deployment, endpointOf, sinkOf, told, verdict } from './deliveries.ts'

/** What each format says of every situation, byte by byte: under test/report/golden/messages, one file a format. */
type Setting = {
  readonly format: string
  /** The golden file's name where a format has more than one. */
  readonly name?: string
  readonly settings?: Partial<Endpoint>
  readonly secrets?: readonly string[]
}

const commit = '0123456789abcdef0123456789abcdef01234567'
const links = {
  runbookUrl: 'https://wiki.example/{service}',
  compareUrl: 'https://git.example/{service}/{baseline}...{canary}',
}
const flag = { options: { flag: 'new-{service}', project: 'shop' }, act: true }

const settings: readonly Setting[] = [
  { format: 'slack', name: 'slack-webhook', settings: { url: 'https://hooks.slack.example/T/B/x', options: links } },
  {
    format: 'slack',
    settings: { options: { channel: 'C0123456789', mention: 'S0PAYMENTS1' } },
    secrets: ['xoxb-secret'],
  },
  { format: 'teams', settings: { options: links } },
  { format: 'pagerduty', settings: { options: links }, secrets: ['R0123456789ABCDEF0123456789ABCDE'] },
  {
    format: 'email',
    settings: { url: 'smtps://mail.example', options: { from: 'davy@example.com', to: 'a@example.com' } },
  },
  { format: 'alertmanager', settings: { options: { runbookUrl: links.runbookUrl } } },
  { format: 'github', settings: { options: { repository: 'shop/checkout' } }, secrets: ['ghp_secret'] },
  {
    format: 'github',
    name: 'github-commit',
    settings: { options: { repository: 'shop/checkout', kind: 'commit' } },
    secrets: ['ghp_secret'],
  },
  { format: 'gitlab', settings: { options: { project: '7' } }, secrets: ['glpat-secret'] },
  {
    format: 'gitlab',
    name: 'gitlab-approval',
    settings: { options: { project: '7', kind: 'approval' }, act: true },
    secrets: ['glpat-secret'],
  },
  { format: 'flux', secrets: ['a token'] },
  { format: 'grafana-annotation', secrets: ['glsa_secret'] },
  { format: 'cdevents' },
  { format: 'launchdarkly', settings: flag, secrets: ['api-secret'] },
  { format: 'unleash', settings: flag, secrets: ['user:secret'] },
  { format: 'growthbook', settings: { ...flag, options: { flag: 'new-{service}' } }, secrets: ['secret_abc'] },
  {
    format: 'flagsmith',
    settings: { ...flag, options: { flag: 'new-{service}', environment: 'production' } },
    secrets: ['ser.env:api.key'],
  },
]

/** A platform that says yes to everything; of what has a state, it is on the first time that it is asked. */
function answers(): (request: HttpRequest) => HttpResponse {
  let isOn = true
  return ({ method, url }) => {
    const reply = (body: unknown): HttpResponse => ({ status: 200, headers: {}, text: JSON.stringify(body) })
    if (url.includes('slack.com')) return reply({ ok: true, channel: 'C0123456789', ts: '1700000000.000001' })
    if (url.includes('/commits/'))
      return url.includes('api.github') ? { status: 200, headers: {}, text: commit } : reply({ id: commit })
    if (method === 'GET' && url.includes('/deployments?')) return reply([{ id: 42, ref: '2.4.1', sha: commit }])
    if (url.includes('/api/annotations')) return reply(method === 'GET' ? [] : { id: 5 })
    if (method !== 'GET') isOn = false
    const state = { enabled: isOn, on: isOn }
    const environments = { production: state }
    return reply({ ...state, environments, feature: { environments }, results: [{ ...state, id: 7 }] })
  }
}

function shown({ method, url, headers, body }: HttpRequest): string {
  const names = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const text = body === undefined ? [] : ['', JSON.stringify(JSON.parse(body), null, 1)]
  return [`${method} ${url}`, ...names, ...text].join('\n')
}

function shownMail({ server, from, to, subject, headers, text, html }: Mail): string {
  const names = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`MAIL ${server}`, `from: ${from}`, `to: ${to}`, `subject: ${subject}`, ...names, '', text, html].join('\n')
}

async function record({ format, settings: more, secrets = [] }: Setting, name: CaseName): Promise<string> {
  const sent: string[] = []
  const answer = answers()
  const ports: Ports = {
    http: async (request) => {
      sent.push(shown(request))
      return answer(request)
    },
    mail: async (mail) => {
      sent.push(shownMail(mail))
      return { status: 250, text: 'queued' }
    },
  }
  const isFlag = sinkOf(format).requires.canAct && format !== 'gitlab'
  const of = verdict('rollback', { strategy: 'feature-flag' })
  const each = isFlag && name === 'rollback' ? { message: told(of), deployment: deployment(of) } : cases[name]
  const delivery = deliveryTo(endpointOf(format, more ?? {}), each, { secrets })
  const result = await sinkOf(format).deliver(delivery, ports, new AbortController().signal)
  return [`## ${name}`, ...sent, `=> ${JSON.stringify(result)}`].join('\n\n')
}

test.each(settings.map((each) => ({ ...each, name: each.name ?? each.format })))(
  '$name says what is in its golden file',
  async (setting) => {
    const names = (Object.keys(cases) as CaseName[]).filter((name) => name !== 'long')
    const parts: string[] = []
    for (const name of names) parts.push(await record(setting, name))
    const text = `${parts.join('\n\n')}\n`
    expectGolden(`messages/${setting.name}`, text)
    // CDEvents carries the message's data as it is; everywhere else people read.
    if (setting.format !== 'cdevents') expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|\\u202e/)
  },
)

test('every format has its golden file', () => {
  const there = new Set(settings.map(({ format }) => format))
  expect([...there].sort()).toEqual([
    ...['alertmanager', 'cdevents', 'email', 'flagsmith', 'flux', 'github', 'gitlab', 'grafana-annotation'],
    ...['growthbook', 'launchdarkly', 'pagerduty', 'slack', 'teams', 'unleash'],
  ])
})
