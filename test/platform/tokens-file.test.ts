import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger } from '../../src/platform/logger.ts'
import { hashToken, type Role } from '../../src/platform/tokens.ts'
import { TokensFile } from '../../src/platform/tokens-file.ts'

const line = (name: string, role: Role = 'gate', token = name) =>
  `- {name: ${name}, role: ${role}, hash: "${hashToken(token)}"}\n`

/** A file of tokens that a test writes, and the lines of the log. */
function aFile(text: string) {
  const file = { text, fault: null as Error | null }
  const lines: Record<string, unknown>[] = []
  const log = createLogger('info', { write: (each: string) => void lines.push(JSON.parse(each)) })
  const read = () => {
    if (file.fault !== null) throw file.fault
    return file.text
  }
  const tokens = new TokensFile('tokens.yaml', read, log)
  const refreshed = (changed: string) => {
    file.text = changed
    tokens.refresh()
    return tokens.current.map(({ name }) => name)
  }
  return { file, tokens, lines, refreshed }
}

test('what was added, removed or changed counts once the file is read again, and is logged by name', () => {
  const { lines, refreshed, tokens } = aFile(line('ci') + line('me', 'admin') + line('old'))
  expect(refreshed(line('ci', 'gate', 'rotated') + line('me', 'viewer') + line('new'))).toEqual(['ci', 'me', 'new'])
  expect(tokens.current[0]?.hash).toBe(hashToken('rotated'))
  expect(lines).toMatchObject([{ level: 'info', added: ['new'], removed: ['old'], changed: ['ci', 'me'] }])
  expect(JSON.stringify(lines)).not.toContain('sha256')
})

test('a file that stays as it was is not told of, nor one in another order', () => {
  const { lines, tokens, refreshed } = aFile(line('ci') + line('me'))
  tokens.refresh()
  expect(refreshed(`# sorted\n${line('me')}${line('ci')}`)).toEqual(['me', 'ci'])
  expect(lines).toEqual([])
})

test.each([
  ['is empty', ''],
  ['is no YAML', '- {name: ci'],
  ['lists nobody', '[]'],
  ['holds a token in place of its hash', '- {name: ci, role: gate, hash: davy_hunter2}'],
])('when the file %s those of before stay, and it is told once', (_what, text) => {
  const { lines, tokens, refreshed } = aFile(line('ci'))
  expect(refreshed(text)).toEqual(['ci'])
  tokens.refresh()
  expect(lines).toMatchObject([{ level: 'error', err: { message: expect.stringContaining('tokens.yaml') } }])
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(refreshed(line('new'))).toEqual(['new'])
  refreshed(text)
  expect(lines.map(({ level }) => level)).toEqual(['error', 'info', 'error'])
})

test('when the file is gone those of before stay', () => {
  const { file, lines, tokens } = aFile(line('ci'))
  file.fault = new Error('ENOENT: no such file')
  tokens.refresh()
  expect(tokens.current).toHaveLength(1)
  expect(lines).toMatchObject([{ level: 'error', err: { message: expect.stringContaining('ENOENT') } }])
})

test('without a file that fits there is no start', () => {
  expect(() => aFile('[]')).toThrow(expect.objectContaining({ code: 'CONFIG' }))
})

test('a Secret of Kubernetes, whose folder is swapped by a link, is read as it is now', () => {
  const directory = mkdtempSync(join(tmpdir(), 'davy-secret-'))
  try {
    const put = (version: string, text: string) => {
      mkdirSync(join(directory, version))
      writeFileSync(join(directory, version, 'tokens.yaml'), text)
      symlinkSync(version, join(directory, '..data_tmp'))
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
    }
    put('..1', line('ci') + line('me'))
    symlinkSync(join('..data', 'tokens.yaml'), join(directory, 'tokens.yaml'))
    const read = (path: string) => readFileSync(path, 'utf8')
    const tokens = new TokensFile(join(directory, 'tokens.yaml'), read, createLogger('silent'))
    put('..2', line('me'))
    tokens.refresh()
    expect(tokens.current.map(({ name }) => name)).toEqual(['me'])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
