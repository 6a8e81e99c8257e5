import { DavyError, type ErrorFields } from '../../domain/errors.ts'
import type { OptionRule, Requirements, Sink } from '../../domain/sink.ts'
import { nearest } from '../../platform/nearest.ts'
import { isWebhookSecret, webhookSecretShape } from '../../platform/webhook-secret.ts'
import type { EndpointSettings } from './endpoint-facts.ts'

const longestOption = 1000

type Checked = Pick<EndpointSettings, 'format' | 'url' | 'options' | 'act' | 'secrets'>

/** The same, but what is given by the format may be left out. */
export type GivenEndpoint = Omit<EndpointSettings, 'url' | 'events' | 'disabledBecause'> & {
  readonly url: string | null
  readonly events: EndpointSettings['events'] | null
}

function refuse(detail: string, fields: ErrorFields): never {
  throw new DavyError('UNPROCESSABLE', detail, fields)
}

function checkUrl(url: string, requires: Requirements): void {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const isScheme = parsed !== null && requires.schemes.some((scheme) => parsed.protocol === `${scheme}:`)
  if (parsed !== null && isScheme && parsed.username === '' && parsed.password === '') return
  // Before an @ there may be a password, whatever else is wrong.
  const hasCredentials = parsed === null ? url.includes('@') : parsed.username !== '' || parsed.password !== ''
  const shown = requires.isUrlSecret ? 'another text' : JSON.stringify(url.slice(0, 100))
  refuse('The endpoint is no address that its format can be sent to.', {
    expected: `a URL with the scheme ${requires.schemes.join(' or ')}, without user name and password; secrets go elsewhere`,
    got: hasCredentials ? 'a URL with credentials' : shown,
    where: '/url',
  })
}

function checkOption(name: string, value: string, rule: OptionRule): void {
  const isFit = value.length <= longestOption && (rule.pattern?.test(value) ?? true)
  if (isFit) return
  refuse(`The option ${name} does not fit the format.`, {
    expected: rule.description,
    got: JSON.stringify(value.slice(0, 100)),
    where: `/options/${name}`,
  })
}

function checkOptions({ format, options }: Checked, rules: Requirements['options']): void {
  const names = Object.keys(rules)
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule !== undefined) {
      checkOption(name, value, rule)
      continue
    }
    const meant = nearest(name, names)
    const known = names.length === 0 ? `no options for the format ${format}` : `one of ${names.join(', ')}`
    refuse(`The format ${format} has no option ${JSON.stringify(name.slice(0, 64))}.`, {
      expected: meant === null ? known : `${known}; perhaps ${meant}`,
      where: '/options',
    })
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.isRequired !== true || Object.hasOwn(options, name)) continue
    refuse(`The format ${format} needs the option ${name}.`, {
      expected: rule.description,
      got: 'nothing',
      where: `/options/${name}`,
    })
  }
}

function checkSecrets({ format, secrets }: Checked, { signature, requires }: Sink): void {
  const rule = requires.secret
  if (rule === null && secrets.length > 0)
    refuse(`The format ${format} takes no secret.`, { expected: 'none', where: '/secret' })
  if (rule?.isRequired && secrets.length === 0)
    refuse(`The format ${format} needs a secret.`, { expected: rule.description, got: 'nothing', where: '/secret' })
  for (const [index, { secret }] of secrets.entries()) {
    const isFit = signature === 'standard-webhooks' ? isWebhookSecret(secret) : (rule?.pattern?.test(secret) ?? true)
    if (isFit) continue
    refuse('The secret has not the form that the format needs.', {
      expected: signature === 'standard-webhooks' ? webhookSecretShape : (rule?.description ?? 'none'),
      got: secrets.length === 1 ? 'another form' : `another form in secret ${index + 1} of ${secrets.length}`,
      where: '/secret',
    })
  }
}

/** The sink of a format. @throws DavyError UNPROCESSABLE with the formats that there are. */
export function sinkOf(sinks: ReadonlyMap<string, Sink>, format: string): Sink {
  const sink = sinks.get(format)
  if (sink !== undefined) return sink
  const names = [...sinks.keys()].sort()
  const meant = nearest(format, names)
  return refuse(`There is no format ${JSON.stringify(format.slice(0, 64))}.`, {
    expected: `one of ${names.join(', ')}${meant === null ? '' : `; perhaps ${meant}`}`,
    where: '/format',
  })
}

/**
 * An endpoint with what its format gives when nothing else is said, if it is one that can be sent to.
 * @throws DavyError UNPROCESSABLE (VALIDATION without a URL) with what is wrong and where, never with a secret.
 */
export function checkedEndpoint(given: GivenEndpoint, sinks: ReadonlyMap<string, Sink>): EndpointSettings {
  const sink = sinkOf(sinks, given.format)
  const { requires } = sink
  const url = given.url ?? requires.defaultUrl
  if (url === null)
    throw new DavyError('VALIDATION', `The format ${given.format} needs the address of the endpoint.`, {
      expected: `a URL with the scheme ${requires.schemes.join(' or ')}`,
      got: 'nothing',
      where: '/url',
    })
  const endpoint = { ...given, url, events: given.events ?? requires.events, disabledBecause: null }
  checkUrl(url, requires)
  checkOptions(endpoint, requires.options)
  checkSecrets(endpoint, sink)
  if (endpoint.act && !requires.canAct)
    refuse(`The format ${given.format} changes nothing, so it cannot act.`, {
      expected: 'act only for formats that change something, such as feature flags',
      where: '/act',
    })
  const expected = requires.fault?.(endpoint, endpoint.secrets.length > 0) ?? null
  if (expected !== null) refuse('The settings of the endpoint do not fit each other.', { expected, where: '/options' })
  return endpoint
}
