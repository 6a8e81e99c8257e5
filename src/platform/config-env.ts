import { Value } from 'typebox/value'
import { type Setting, settings } from './config-schema.ts'
import { nearest } from './nearest.ts'
import { schemaWords, shownValue } from './schema-faults.ts'

/** The environment as Node gives it. */
export type Environment = Readonly<Record<string, string | undefined>>

export type EnvironmentSettings = {
  readonly values: readonly { readonly setting: Setting; readonly variable: string; readonly value: unknown }[]
  readonly errors: readonly string[]
}

/** Kubernetes sets these for each Service of the namespace whose name begins with davy; nobody wrote them. */
const serviceLink = /^DAVY_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/

/** What the other commands read; somebody who has them set may serve in the same shell. */
const clientVariables = new Set(['DAVY_URL', 'DAVY_TOKEN', 'DAVY_TOKEN_FILE'])

function isServiceLink(name: string, value: string): boolean {
  return serviceLink.test(name) || (/^DAVY_(.+_)?PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value))
}

function parse(setting: Setting, text: string): unknown {
  if (setting.schema.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text
  if (setting.schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (setting.schema.type === 'array') return text.split(',').map((item) => item.trim())
  return text
}

function wordsFor(setting: Setting): string {
  const words = schemaWords(setting.schema) ?? 'another value'
  return setting.schema.type === 'array' ? 'values separated by commas' : words
}

/**
 * The settings among the DAVY_ variables. An unknown or empty one is an error; `…_FILE` of a setting that may hold a
 * secret reads its value from that file.
 */
export function readEnvironment(env: Environment, readFile: (path: string) => string): EnvironmentSettings {
  const byName = new Map(settings.filter((each) => each.variable !== null).map((each) => [each.variable!, each]))
  const fileNames = new Map(
    [...byName].filter(([, each]) => each.schema.secret).map(([name, each]) => [`${name}_FILE`, each]),
  )
  const known = ['DAVY_CONFIG', ...byName.keys(), ...fileNames.keys()]
  const values: { setting: Setting; variable: string; value: unknown }[] = []
  const errors: string[] = []
  for (const name of Object.keys(env)
    .filter((each) => each.startsWith('DAVY_'))
    .sort()) {
    const text = env[name] ?? ''
    if ((name === 'DAVY_CONFIG' && text.trim() !== '') || isServiceLink(name, text) || clientVariables.has(name))
      continue
    const fromFile = fileNames.get(name)
    const setting = byName.get(name) ?? fromFile
    if (name === 'DAVY_CONFIG') {
      errors.push(`${name}: expected the path of a YAML file, got an empty value; unset it to use none`)
    } else if (setting === undefined) {
      const meant = nearest(name, known)
      errors.push(`${name}: expected a known variable${meant === null ? '' : `, perhaps ${meant}`}, got an unknown one`)
    } else if (text.trim() === '') {
      errors.push(`${name}: expected ${wordsFor(setting)}, got an empty value; unset it to use the default`)
    } else if (fromFile !== undefined && env[setting.variable!] !== undefined) {
      errors.push(`${name}: expected either it or ${setting.variable}, got both`)
    } else {
      try {
        const value = parse(setting, fromFile === undefined ? text : readFile(text).trim())
        if (Value.Check(setting.schema as object, value)) values.push({ setting, variable: name, value })
        else errors.push(`${name}: expected ${wordsFor(setting)}, got ${shownValue(text, name)}`)
      } catch (error) {
        errors.push(`${name}: expected a readable file, got ${(error as Error).message}`)
      }
    }
  }
  return { values, errors }
}
