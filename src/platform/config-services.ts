import { type Static, Type } from 'typebox'
import { limits, path } from './config-connection.ts'

const closed = { additionalProperties: false }

const url = (instead: string) =>
  Type.Optional(Type.String({ description: `Asked instead of ${instead}, as a proxy or a private endpoint.` }))

/** Services that metrics are asked from: what is needed to ask each of them. */
export const serviceSchemas = {
  datadog: Type.Object(
    {
      site: Type.Enum(
        [
          ...['datadoghq.com', 'us3.datadoghq.com', 'us5.datadoghq.com', 'datadoghq.eu', 'ap1.datadoghq.com'],
          ...['ap2.datadoghq.com', 'uk1.datadoghq.com', 'ddog-gov.com', 'us2.ddog-gov.com'],
        ],
        { default: 'datadoghq.com', description: 'Where the organisation is.' },
      ),
      url: url('https://api. and the site'),
      apiKeyFile: path('A file with an API key; it may be changed while Davy runs.'),
      applicationKeyFile: path('A file with an application key that may timeseries_query.'),
      ...limits,
    },
    { ...closed, default: {}, description: 'Datadog, when both keys are given.' },
  ),
  newRelic: Type.Object(
    {
      region: Type.Enum(['us', 'eu'], { default: 'us', description: 'Where the account’s data is.' }),
      url: url('https://api.newrelic.com/graphql, or api.eu.newrelic.com'),
      accountId: Type.Optional(Type.Integer({ minimum: 1, description: 'The account that is asked.' })),
      apiKeyFile: path('A file with a user key; it may be changed while Davy runs.'),
      ...limits,
    },
    { ...closed, default: {}, description: 'New Relic, when an account and a key are given.' },
  ),
  cloudWatch: Type.Object(
    {
      region: Type.Optional(Type.String({ pattern: '^[a-z]{2}(-[a-z]+)+-\\d$', description: 'As eu-central-1.' })),
      url: url('https://monitoring.REGION.amazonaws.com'),
      credentialsFile: path(
        'A shared credentials file with a static key (aws_access_key_id, aws_secret_access_key, aws_session_token), ' +
          'read anew at each question. Absent: AWS_ACCESS_KEY_ID and so on of the environment.',
      ),
      profile: Type.String({ minLength: 1, default: 'default', description: 'The section of credentialsFile.' }),
      ...limits,
    },
    { ...closed, default: {}, description: 'Amazon CloudWatch, when a region is given.' },
  ),
}

export type DatadogAccount = Readonly<Static<typeof serviceSchemas.datadog>>
export type NewRelicAccount = Readonly<Static<typeof serviceSchemas.newRelic>>
export type CloudWatchAccount = Readonly<Static<typeof serviceSchemas.cloudWatch>>

/** What is given of a service and does not do without something else: a missing key, by its JSON pointer. */
export function missingOfServices({
  datadog,
  newRelic,
  cloudWatch,
}: {
  readonly datadog: DatadogAccount
  readonly newRelic: NewRelicAccount
  readonly cloudWatch: CloudWatchAccount
}): readonly { readonly pointer: string; readonly expected: string }[] {
  const pairs = [
    ['/sources/datadog', datadog, 'apiKeyFile', 'applicationKeyFile', 'an API key together with an application key'],
    ['/sources/newRelic', newRelic, 'accountId', 'apiKeyFile', 'an account together with a key'],
  ] as const
  const isNowhere =
    cloudWatch.region === undefined && (cloudWatch.url !== undefined || cloudWatch.credentialsFile !== undefined)
  const nowhere = isNowhere ? [{ pointer: '/sources/cloudWatch/region', expected: 'the region that is asked' }] : []
  const incomplete = pairs.flatMap(([pointer, service, first, second, expected]) => {
    const given: Readonly<Record<string, unknown>> = service
    if ((given[first] === undefined) === (given[second] === undefined)) return []
    return [{ pointer: `${pointer}/${given[first] === undefined ? first : second}`, expected }]
  })
  return [...incomplete, ...nowhere]
}
