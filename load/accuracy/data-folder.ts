import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Reads a data set's files, gzipped or not. A blind folder does not open what holds the truth. */
export type DataFolder = {
  has(file: string): boolean
  /** The names below a subfolder, [] when it is not there. */
  list(subfolder?: string): readonly string[]
  text(file: string): string
  json<T>(file: string): T
  /** One JSON value a line. */
  jsonLines<T>(file: string): T[]
}

/** @param isBlind true: a file with "truth" in its name, or one that tells scores beside the cases, is an error. */
export function openDataFolder(path: string, isBlind: boolean): DataFolder {
  function text(file: string): string {
    if (isBlind && /truth/.test(file)) throw new Error(`a judge asked for ${file}, which holds the truth`)
    const bytes = readFileSync(join(path, file))
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  }
  return {
    has: (file) => existsSync(join(path, file)),
    list: (subfolder = '.') => (existsSync(join(path, subfolder)) ? readdirSync(join(path, subfolder)).sort() : []),
    text,
    json: (file) => JSON.parse(text(file)),
    jsonLines: (file) =>
      text(file)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line)),
  }
}
