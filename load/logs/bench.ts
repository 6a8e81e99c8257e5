import { openTemplateMiner } from '../../src/judges/log-templates/open-template-miner.ts'
import { readLogRecord } from '../../src/judges/log-templates/read-log-record.ts'
import { machine } from '../accuracy/simulate/machine.ts'
import { randomSource } from '../accuracy/simulate/random-source.ts'
import { sentences, soup, wideLines, words } from './lines.ts'

const linesOfRun = 200_000
const goal = 150_000

/**
 * `npm run bench:logs`: lines a second that one core reads into templates, by the processor time of this process, which
 * other work on the machine does not change much; and what stays in memory. Every line is made before the clock starts.
 */
function main(): void {
  const random = randomSource('bench-logs')
  const runs = [
    { name: 'short lines of 40 statements, values never the same', lines: make(() => words(random)) },
    { name: 'long lines of words and a few values', lines: make(() => sentences(random)) },
    { name: 'long lines of keys and values, 24 of each', lines: make(() => wideLines(random)) },
    {
      name: 'JSON bodies with a message',
      lines: make(() => JSON.stringify({ level: 'info', msg: words(random), id: random.uniform() })),
    },
    {
      name: 'a new name in every line',
      lines: make((i) => `user u${'abcdefghij'[i % 10]}${i.toString(36)}x logged in`),
    },
    { name: 'word soup, no line like another', lines: make(() => soup(random)) },
  ]
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${machine()}; one core, ${linesOfRun} lines each, by processor time`,
  )
  for (const { name, lines } of runs) console.log(measure(name, lines))
  console.log(`goal: ${goal.toLocaleString('en')} lines a second for what services log; soup is held by limits`)
}

function make(line: (i: number) => string): readonly string[] {
  return Array.from({ length: linesOfRun }, (_, i) => line(i))
}

function measure(name: string, lines: readonly string[]): string {
  // The first pass is for the compiler.
  count(lines.slice(0, 20_000))
  const started = process.cpuUsage()
  const miner = count(lines)
  const { user, system } = process.cpuUsage(started)
  const seconds = (user + system) / 1e6
  const characters = lines.reduce((sum, line) => sum + line.length, 0) / lines.length
  const before = process.cpuUsage()
  const templates = miner.templates().length
  const after = process.cpuUsage(before)
  const rate = Math.round(lines.length / seconds)
    .toLocaleString('en')
    .padStart(9)
  const kept = miner.save().skeletons.length
  return `${name.padEnd(52)} ${rate} lines/s  ${Math.round(characters)} characters  ${kept} skeletons, ${templates} templates in ${Math.round((after.user + after.system) / 1000)} ms`
}

function count(lines: readonly string[]) {
  const miner = openTemplateMiner()
  for (const body of lines) {
    const read = readLogRecord({ body, template: '', exceptionType: '', exceptionMessage: '', stacktrace: '' })
    miner.add(read.kind === 'message' ? read.text : read.tokens.join(' '))
  }
  return miner
}

main()
