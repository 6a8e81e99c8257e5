import { configSchema, type SettingSchema, settings } from './config-schema.ts'
import { schemaWords } from './schema-faults.ts'

const schema = configSchema as unknown as SettingSchema
const width = 118

function comment(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && `${indent}# ${line} ${word}`.length > width) {
      lines.push(`${indent}# ${line}`)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, `${indent}# ${line}`]
}

function notes(key: string, path: readonly string[], property: SettingSchema): string[] {
  const setting = settings.find((each) => each.path.join('.') === [...path, key].join('.'))
  const words = schemaWords(property)
  const variable = setting?.variable ?? null
  const file = property.secret === true ? ` (or ${variable}_FILE)` : ''
  return [
    words === null ? '' : `${words[0]?.toUpperCase()}${words.slice(1)}.`,
    variable === null ? '' : `${variable}${file}`,
  ]
}

function exampleOf(items: SettingSchema): string[] {
  const lines = Object.entries(items.properties ?? {}).flatMap(([key, property]) => [
    ...comment(property.description ?? '', '#     '),
    `#     ${key}: ${property.default === undefined ? '…' : JSON.stringify(property.default)}`,
  ])
  return ['# One item:', '#   -', ...lines]
}

function render(key: string, path: readonly string[], property: SettingSchema): string[] {
  const indent = '  '.repeat(path.length)
  const described = comment(property.description ?? '', indent)
  if (property.properties !== undefined) {
    const inner = Object.entries(property.properties).flatMap(([name, each]) => render(name, [...path, key], each))
    return ['', ...described, `${indent}${key}:`, ...inner.slice(1)]
  }
  const detail = comment(
    notes(key, path, property)
      .filter((each) => each !== '')
      .join(' '),
    indent,
  )
  const value =
    property.default === undefined ? `${indent}# ${key}: …` : `${indent}${key}: ${JSON.stringify(property.default)}`
  const items = property.items?.properties === undefined ? [] : exampleOf(property.items)
  return ['', ...described, ...detail, ...items.map((line) => `${indent}${line}`), value]
}

/**
 * The configuration's reference, made from its schema: a YAML file in which every key has its default and is
 * explained, so that loading it changes nothing.
 */
export function renderConfigReference(): string {
  const head = [
    '# Every setting of Davy with its default. Name your own file in DAVY_CONFIG; it needs only what differs.',
    '# A variable wins over the file. Lists are written in a variable with commas.',
  ]
  const body = Object.entries(schema.properties ?? {}).flatMap(([key, property]) => render(key, [], property))
  return `${[...head, ...body].join('\n')}\n`
}
