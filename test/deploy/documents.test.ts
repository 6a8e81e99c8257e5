import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram, runProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { filesOf, readText, repository } from './read-deploy.ts'

/** What people are told to type, in the documents and comments that they meet first. */
const documents = filesOf(
  'README.md',
  'deploy/**/*.md',
  'alerts/**/*.md',
  'dashboards/*.md',
  'load/*.md',
  'deploy/helm/davy/values.yaml',
  'deploy/jenkins/Jenkinsfile',
)

/** Command lines of `davy` after `npm exec`, in backquotes or on a line of their own; and those of jobs that wait. */
function commandLines(text: string): string[] {
  const patterns = [
    /`npm exec davy --\s+([^`]+)`/g,
    /^[^`\n]*npm exec davy -- (\S+(?: \S+)*)/gm,
    /\bdavy (wait (?:"[^"]+"|<\w+>)(?: --[\w-]+(?: \d+\w)?)+)/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, line]) => line!.replaceAll(/\s+/g, ' ')))
}

/** Words as a shell makes them, with something where a person puts something. */
function wordsOf(line: string): string[] {
  const filled = line.replaceAll(/<[^>]+>|…/g, '5').replaceAll(/(\w+)\|\w+/g, '$1')
  return [...filled.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)
}

/** How the command line reads it, doing nothing; 2 is "used wrongly". */
async function readsAs(line: string): Promise<string> {
  let said = ''
  const write = (text: string) => {
    said += text
  }
  const nothing = {
    env: {},
    clock: systemClock,
    random: () => new Uint8Array(),
    readFile: () => '',
    readInput: () => '',
  }
  const terminal = { ...nothing, write, writeError: write, onInterrupt: () => {} }
  const program = createProgram(terminal, '1.2.3')
  const leaves: Command[] = [program]
  for (const command of leaves) leaves.push(...command.commands)
  for (const command of leaves) if (command.commands.length === 0) command.action(() => {})
  const code = await runProgram(program, wordsOf(line), terminal)
  return code === 0 ? 'right' : said
}

describe('documents', () => {
  const lines = documents.flatMap((file) => commandLines(readText(file)).map((line) => ({ file, line })))

  it('tell of commands', () => {
    expect(lines.length).toBeGreaterThan(15)
  })

  it.each(lines)('$file: davy $line', async ({ line }) => {
    expect(await readsAs(line)).toBe('right')
  })

  it('would be found to tell of a command that there is not', async () => {
    expect(commandLines('`npm exec davy -- token new --name prometheus`')).toEqual(['token new --name prometheus'])
    expect(await readsAs('token new --name prometheus')).toContain("unknown option '--name'")
  })

  it('tell of scripts that package.json has', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const told = documents.flatMap((file) =>
      [...readText(file).matchAll(/npm run (?:-s |--silent )?([a-z][\w:]*)/g)].map(([, script]) => ({ file, script })),
    )
    expect(told.length).toBeGreaterThan(20)
    expect(told.filter(({ script }) => scripts[script!] === undefined)).toEqual([])
  })

  it('lead to files that there are', () => {
    const wrong = documents.flatMap((file) =>
      [...readText(file).matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
        .filter(([, target]) => !existsSync(join(repository, dirname(file), target!)))
        .map(([, target]) => `${file}: ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('ask Davy for what it answers to', () => {
    const routes = filesOf('src/http/*.ts').flatMap((file) =>
      [...readText(file).matchAll(/\.(get|post|put|delete)(?:<[^(]*>)?\(\s*'(\/[^']*)'/g)].map(([, method, path]) => ({
        method: method!.toUpperCase(),
        path: new RegExp(`^${path!.replaceAll(/:\w+/g, '[^/]+')}$`),
      })),
    )
    const asked = filesOf('alerts/**/*.md', 'deploy/*.md').flatMap((file) =>
      [...readText(file).matchAll(/\b(GET|POST|PUT|DELETE) (?:\$DAVY_URL)?(\/api\/[\w/<>{}-]+)/g)].map(
        ([, method, path]) => ({ file, method: method!, path: path!.replaceAll(/<\w+>|\{\w+\}/g, 'x') }),
      ),
    )
    expect(routes.length).toBeGreaterThan(30)
    expect(asked.length).toBeGreaterThan(15)
    const known = ({ method, path }: { method: string; path: string }) =>
      routes.some((route) => route.method === method && route.path.test(path))
    expect(asked.filter((each) => !known(each))).toEqual([])
  })
})
