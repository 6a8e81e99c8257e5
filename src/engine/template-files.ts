import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { DavyError } from '../domain/errors.ts'
import type { Template } from '../domain/template.ts'
import type { CheckQuery } from './sources.ts'
import { parseTemplate } from './template-schema.ts'

/** The templates that come with Davy; `default.yaml` completes all others. */
const shipped = fileURLToPath(new URL('../../deploy/templates', import.meta.url))

/**
 * The templates of the YAML files that come with Davy, then those of `directory`, which win by name.
 * @throws DavyError CONFIG when the directory cannot be read, or a file is no template, naming the file and the place.
 */
export function readTemplates(directory: string | null, checkQuery?: CheckQuery): readonly Template[] {
  const base = readTemplate(join(shipped, 'default.yaml'), null, checkQuery)
  const byName = new Map([[base.name, base]])
  for (const from of directory === null ? [shipped] : [shipped, directory]) {
    for (const name of filesOf(from)) {
      if (!/\.ya?ml$/.test(name)) continue
      const template = readTemplate(join(from, name), base, checkQuery)
      byName.set(template.name, template)
    }
  }
  return [...byName.values()]
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch (cause) {
    const detail = `DAVY_TEMPLATES_DIRECTORY: expected a readable directory, got ${(cause as Error).message}`
    throw new DavyError('CONFIG', detail, { where: 'DAVY_TEMPLATES_DIRECTORY', cause })
  }
}

function readTemplate(file: string, base: Template | null, checkQuery?: CheckQuery): Template {
  try {
    return parseTemplate(parse(readFileSync(file, 'utf8')), `${file} `, base, checkQuery)
  } catch (cause) {
    if (!(cause instanceof DavyError)) throw new DavyError('CONFIG', `${file}: ${(cause as Error).message}`, { cause })
    const { expected, got, where } = cause
    const detail = `${where ?? file}: ${cause.message} Expected ${expected ?? 'a template'}, got ${got ?? 'something else'}.`
    throw new DavyError('CONFIG', detail, { cause })
  }
}
