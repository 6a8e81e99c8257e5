import { Type } from 'typebox'

/** A path of a file, relative to the configuration's. */
export const path = (description: string) => Type.Optional(Type.String({ minLength: 1, isPath: true, description }))

/** How a system that Davy queries over HTTP is reached. Secrets are in files, which are read anew while Davy runs. */
export const connection = {
  userName: Type.Optional(Type.String({ minLength: 1, description: 'The user of basic authentication.' })),
  passwordFile: path('A file with the password of userName.'),
  bearerTokenFile: path('A file with a bearer token; it may be changed while Davy runs.'),
  caFile: path('The certificates of authorities to trust instead of the system’s, as PEM.'),
  certificateFile: path('The certificate that Davy shows (mTLS), as PEM.'),
  keyFile: path('The key of certificateFile, as PEM.'),
}

/** How long, and how often at a time, a system is asked. */
export const limits = {
  timeoutSeconds: Type.Integer({
    minimum: 1,
    maximum: 60,
    default: 8,
    description: 'A query that takes longer has failed.',
  }),
  concurrency: Type.Integer({ minimum: 1, maximum: 64, default: 4, description: 'So many queries run at a time.' }),
}
