import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false }

/** A shorter one could be guessed. */
const leastLength = 16

const signed = (description: string, secret: string) =>
  Type.Object(
    { secretFile: Type.String({ default: '', isPath: true, description: `${secret} Empty: calls are refused.` }) },
    { ...closed, default: {}, description },
  )

/** Platforms that call Davy with a signature or a secret of their own instead of a token. */
export const integrationsSchema = Type.Object(
  {
    github: signed(
      'Webhooks of GitHub at /integrations/github.',
      'A file with the secret of the webhook, which signs X-Hub-Signature-256; while it is changed, both, one a line.',
    ),
    gitlab: signed(
      'Webhooks and external status checks of GitLab at /integrations/gitlab.',
      'A file with the secret, which comes as X-Gitlab-Token or signs X-Gitlab-Signature; while it is changed, both.',
    ),
    flux: signed(
      'Events of a Provider of type generic-hmac at /integrations/flux/hmac.',
      'A file with the token of the Secret, which signs X-Signature; while it is changed, both, one a line.',
    ),
  },
  { ...closed, default: {}, description: 'Platforms that sign their calls instead of sending a token.' },
)

type IntegrationSettings = Static<typeof integrationsSchema>

/** Who signs. */
export type SignedIntegration = keyof IntegrationSettings

const names = ['github', 'gitlab', 'flux'] as const satisfies readonly SignedIntegration[]

/** Makes the paths of a configuration file absolute. */
export function placeIntegrationFiles(settings: IntegrationSettings, place: (path: string) => string): void {
  for (const name of names) {
    const { secretFile } = settings[name]
    if (secretFile !== '') settings[name].secretFile = place(secretFile)
  }
}

/**
 * The secrets by platform; none for one without a file.
 * @param read the secrets of a file. @param fault is told of what cannot be used, never with a secret.
 */
export function readIntegrationSecrets(
  settings: IntegrationSettings,
  read: (path: string, pointer: string) => readonly string[],
  fault: (pointer: string, expected: string, got: string) => void,
): Readonly<Record<SignedIntegration, readonly string[]>> {
  const secretsOf = (name: SignedIntegration) => {
    const { secretFile } = settings[name]
    if (secretFile === '') return []
    const pointer = `/integrations/${name}/secretFile`
    const secrets = read(secretFile, pointer)
    const short = secrets.find((secret) => secret.length < leastLength)
    if (short !== undefined)
      fault(pointer, `secrets of at least ${leastLength} characters`, `one of ${short.length} characters`)
    return secrets
  }
  return { github: secretsOf('github'), gitlab: secretsOf('gitlab'), flux: secretsOf('flux') }
}
