import { readLogRecord } from '../../src/judges/log-templates/read-log-record.ts'
import { TemplateMiner } from '../../src/judges/log-templates/template-miner.ts'
import { machine } from '../accuracy/simulate/machine.ts'
import { randomSource } from '../accuracy/simulate/random-source.ts'
import { hostile, sentences, soup, wideLines, words } from './lines.ts'

const linesOfRun = 200_000
/** So many come from storage at a time. */
const linesOfPart = 5_000
const goal = 150_000

/**
 * `npm run bench:logs`: lines a second that one core reads into templates, by the processor time of this process, which
 * other work on the machine does not change much; and what stays in memory. Every line is made before the clock starts, and
 * comes out of JSON as rows of the storage do.
 */
function main(): void {
  const random = randomSource('bench-logs')
  const runs = [
    { name: 'short lines of 40 statements, values never the same', lines: () => make(() => words(random)) },
    { name: 'long lines of words and a few values', lines: () => make(() => sentences(random)) },
    { name: 'long lines of keys and values, 24 of each', lines: () => make(() => wideLines(random)) },
    {
      name: 'JSON bodies with a message',
      lines: () => make(() => JSON.stringify({ level: 'info', msg: words(random), id: random.uniform() })),
    },
    {
      name: 'a new name in every line',
      lines: () => make((i) => `user u${'abcdefghij'[i % 10]}${i.toString(36)}x logged in`),
    },
    { name: 'word soup, no line like another', lines: () => make(() => soup(random)) },
    { name: 'lines that are made to keep a scanner busy', lines: () => make((i) => hostile(i)) },
  ]
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${machine()}; one core, ${linesOfRun} lines each, by processor time`,
  )
  for (const { name, lines } of runs) console.log(measure(name, lines()))
  console.log(
    `goal: ${goal.toLocaleString('en')} lines a second for what services log; soup and hostile lines are held by limits`,
  )
}

/** Parts as JSON. */
function make(line: (i: number) => string): readonly string[] {
  return Array.from({ length: linesOfRun / linesOfPart }, (_, part) =>
    JSON.stringify(Array.from({ length: linesOfPart }, (_line, i) => line(part * linesOfPart + i))),
  )
}

function measure(name: string, parts: readonly string[]): string {
  // The first pass is for the compiler.
  const warm = new TemplateMiner()
  for (const part of parts.slice(0, 4)) count(warm, JSON.parse(part) as string[])
  const miner = new TemplateMiner()
  let [seconds, characters] = [0, 0]
  for (const part of parts) {
    const lines = JSON.parse(part) as string[]
    const started = process.cpuUsage()
    count(miner, lines)
    const { user, system } = process.cpuUsage(started)
    seconds += (user + system) / 1e6
    characters += lines.reduce((sum, line) => sum + line.length, 0)
  }
  const before = process.cpuUsage()
  const templates = miner.templates().length
  const after = process.cpuUsage(before)
  const rate = Math.round(linesOfRun / seconds)
    .toLocaleString('en')
    .padStart(9)
  const kept = miner.save().skeletons.length
  return `${name.padEnd(52)} ${rate} lines/s  ${Math.round(characters / linesOfRun)} characters  ${kept} skeletons, ${templates} templates in ${Math.round((after.user + after.system) / 1000)} ms`
}

function count(miner: TemplateMiner, lines: readonly string[]): void {
  for (const body of lines) {
    const read = readLogRecord({ body, template: '', exceptionType: '', exceptionMessage: '', stacktrace: '' })
    miner.add(read.kind === 'message' ? read.text : read.tokens.join(' '))
  }
}

main()
