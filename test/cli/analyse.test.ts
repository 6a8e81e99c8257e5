import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { seriesJudges } from '../../src/judges/index.ts'
import { seriesInputs } from '../judges/series-inputs.ts'
import { runDavy } from './run-davy.ts'

const names = Object.keys(seriesJudges) as (keyof typeof seriesJudges)[]

/** Judges a file that holds `input`. */
function analyse(judge: string, input: unknown, ...options: string[]) {
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  return runDavy(['analyse', '--judge', judge, 'series.json', ...options], { files: { 'series.json': text } })
}

describe('analyse', () => {
  test.each(names)('%s says decision and reason first, then a table', async (name) => {
    const { input, code, ...rest } = seriesInputs[name]
    const { exitCode, out, err } = await analyse(name, input)
    expect([exitCode, err]).toEqual([0, ''])
    const [head, sentence, columns] = out.split('\n')
    const decision = 'decision' in rest ? `${rest.decision.toUpperCase()}  ` : ''
    expect(head).toBe(`${decision}${code}`)
    expect(sentence).toMatch(/\.$/)
    expect(columns).toMatch(/^ {2}[A-Z]/)
  })

  test('prints it as the API has it', async () => {
    const { input } = seriesInputs['change-points']
    const { out } = await analyse('change-points', input, '--json')
    expect(JSON.parse(out)).toMatchObject({ judge: 'change-points', judgement: { reason: { code: 'CHANGES' } } })
  })

  test('reads the standard input', async () => {
    const input = JSON.stringify(seriesInputs['log-templates'].input)
    const { out } = await runDavy(['analyse', '--judge', 'log-templates', '-'], { input })
    expect(out.split('\n').slice(3)).toEqual(['  1      new  disk <*> is full', '  2           user <*> logged in', ''])
  })

  test('prints what a judge takes', async () => {
    const { exitCode, out } = await runDavy(['analyse', '--judge', 'rollout', '--schema'])
    expect([exitCode, JSON.parse(out)]).toEqual([0, seriesJudges.rollout.input])
  })

  test.each<readonly [string, unknown, string]>([
    ['no JSON', '{', 'series.json is not valid JSON'],
    ['another shape', { lines: 'one' }, 'does not fit: /lines should be a list of at least 1 items, got "one"'],
  ])('of %s ends with 2 and says where', async (_what, input, expected) => {
    const { exitCode, out, err } = await analyse('log-templates', input)
    expect([exitCode, out, err]).toEqual([2, '', expect.stringContaining(expected)])
  })

  test('cannot steer the terminal with what it was given', async () => {
    const { out } = await analyse('log-templates', { lines: ['\u001b[2Jgone and done'] })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('without a judge, or with one that is none, ends with 2', async () => {
    expect((await runDavy(['analyse', 'series.json'])).exitCode).toBe(2)
    expect((await analyse('oracle', {})).err).toContain('Allowed choices are rollout, ')
    expect((await runDavy(['analyse', '--judge', 'change', 'nowhere.json'])).exitCode).toBe(2)
  })
})

test('the process judges a file without a server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'davy-analyse-'))
  const file = join(directory, 'rollout.json')
  writeFileSync(file, JSON.stringify(seriesInputs.rollout.input))
  const bin = resolve(import.meta.dirname, '../../src/davy.js')
  const run = spawnSync(process.execPath, [bin, 'analyse', '--judge', 'rollout', file], { encoding: 'utf8' })
  rmSync(directory, { recursive: true })
  expect(run).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^ROLLBACK {2}HARM_SHOWN\n/) })
})
