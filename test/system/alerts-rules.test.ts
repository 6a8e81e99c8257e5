import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type Alert, alertsFolder, isAlert, readRules, readTestGroups } from '../alerts/read-alerts.ts'

/** The rules under Debian's promtool, and the tests of the rules under rules that are wrong on purpose. */
const run = promisify(execFile)
const promtool = process.env.PROMTOOL ?? 'promtool'
const groups = readTestGroups()
const rules = readRules()
const suites = [...new Set(groups.map(({ file }) => file))]
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'davy-alerts-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('promtool takes every rule', async () => {
  const files = [...new Set(rules.map(({ file }) => join(alertsFolder, 'rules', file)))]
  const { stdout } = await run(promtool, ['check', 'rules', ...files])
  const counts = [...stdout.matchAll(/SUCCESS: (\d+) rules found/g)].map(([, count]) => Number(count))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rules.length)
})

test.each(suites)('%s passes', async (suite) => {
  const { stdout } = await run(promtool, ['test', 'rules', join(alertsFolder, 'tests', suite)])
  expect(stdout).toContain('SUCCESS')
})

type Mutation = readonly [what: string, changed: Partial<Alert>]

/** A number that decides; one that occurs twice is one threshold. 0 is moved by the comparison alone, and so is what counts states. */
const threshold = /(?<=(?: >=| >| <) )(\d+(?:\.\d+)?)/g
const comparison = / (>=|==|>|<) /g
/** One matcher of a selector, and one label of `by`, each with its comma. */
const matcher = /(?<=\{[^}]*), \w+(?:=~|!~|!=|=)"[^"]*"|(?<=\{)\w+(?:=~|!~|!=|=)"[^"]*"(?:, )?/g
const grouping = /(?<=by \((?:\w+, )*)(?:\w+, |\w+(?=\)))/g
const opposite: Readonly<Record<string, string>> = { '>=': '<', '==': '!=', '>': '<=', '<': '>=' }

/** Each comparison turned round, each threshold moved both ways, each matcher and each label of a group left out, and the pause. */
function mutationsOf({ expr, for: pause }: Alert): Mutation[] {
  const changed = (at: number, length: number, text: string) => expr.slice(0, at) + text + expr.slice(at + length)
  const turned = [...expr.matchAll(comparison)].map(({ 0: found, 1: sign, index }): Mutation => {
    return [`"${sign}" at ${index} turned`, { expr: changed(index, found.length, ` ${opposite[sign!]} `) }]
  })
  const numbers = new Set([...expr.matchAll(threshold)].map(([found]) => found))
  const moved = [...numbers].flatMap((found): Mutation[] => {
    const by = Number(found) === 0 ? [] : expr.includes(`>= ${found}`) ? [0.75] : [0.75, 1.5]
    return by.map((factor) => {
      const text = expr.replace(threshold, (each) => (each === found ? String(Number(found) * factor) : each))
      return [`${found} times ${factor}`, { expr: text }]
    })
  })
  const without = (pattern: RegExp) =>
    [...expr.matchAll(pattern)].map(({ 0: found, index }): Mutation => {
      return [`without "${found}" at ${index}`, { expr: changed(index, found.length, '') }]
    })
  const widened = [...without(matcher), ...without(grouping)]
  const removed: Mutation[] = turned.length > 0 ? [] : [['never fires', { expr: `(${expr}) == 2` }]]
  return [
    ...turned,
    ...moved,
    ...widened,
    ...removed,
    ...(pause === undefined ? [] : [['without "for"', { for: '0s' }] as const]),
  ]
}

/** Whether promtool is content with the tests of one alert when its rule is changed. */
async function passes(alert: Alert, [, changes]: Mutation, place: string): Promise<boolean> {
  cpSync(alertsFolder, place, { recursive: true })
  const path = join(place, 'rules', alert.file)
  const file = parse(readFileSync(path, 'utf8')) as { groups: { rules: Partial<Alert>[] }[] }
  for (const group of file.groups) {
    group.rules = group.rules.map((rule) => (rule.alert === alert.alert ? { ...rule, ...changes } : rule))
  }
  writeFileSync(path, stringify(file))
  const suite = groups.find(({ name }) => name.startsWith(`${alert.alert}: `))!.file
  const tests = parse(readFileSync(join(place, 'tests', suite), 'utf8')) as { tests: { name: string }[] }
  tests.tests = tests.tests.filter(({ name }) => name.startsWith(`${alert.alert}: `))
  writeFileSync(join(place, 'tests', suite), stringify(tests))
  const told = await run(promtool, ['test', 'rules', join(place, 'tests', suite)]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  )
  rmSync(place, { recursive: true })
  // A rule that promtool cannot read proves nothing about its tests.
  expect(told, `${alert.alert}: ${JSON.stringify(changes)}`).not.toMatch(/parse error|cannot unmarshal|no such file/)
  return told.includes('SUCCESS')
}

describe.each(rules.filter(isAlert))('the tests of $alert', (alert) => {
  test('fail when it is broken', async () => {
    const survivors: string[] = []
    const mutations = mutationsOf(alert)
    expect(mutations.length).toBeGreaterThan(0)
    for (const [index, mutation] of mutations.entries()) {
      if (await passes(alert, mutation, join(directory, `${alert.alert}-${index}`))) survivors.push(mutation[0])
    }
    expect(survivors).toEqual([])
    expect(await passes(alert, ['unchanged', {}], join(directory, `${alert.alert}-same`))).toBe(true)
  })
})
