import { type Command, Option } from 'commander'
import { seriesJudges } from '../judges/index.ts'
import { judgeSeries, type SeriesJudge, type SeriesJudgement } from '../judges/series-judge.ts'
import { checkJson, parseJson } from '../platform/check-json.ts'
import { columns } from './columns.ts'
import { nameOfInput, readInput, unusable } from './read-input.ts'
import { oneLine, type Terminal } from './terminal.ts'

const names = Object.keys(seriesJudges) as (keyof typeof seriesJudges)[]
const shownRows = 50

const help = `
Judges:
${columns(names.map((name) => [`  ${name}`, seriesJudges[name].question])).join('\n')}

The file is one JSON document, the same that POST /api/v1/judgements/{judge} takes; --schema prints its JSON Schema.
The exit code says nothing about the judgement: 0 judged, 2 the input cannot be used, or the command was used wrongly.`

type Options = { judge: keyof typeof seriesJudges; json?: true; schema?: true }

/** `davy analyse`: a judge of measured series over a file. */
export function addAnalyse(program: Command, terminal: Terminal): void {
  program
    .command('analyse')
    .description('judge measured series in a file; no server is asked')
    .argument('[file]', 'or - for the standard input', '-')
    .addOption(new Option('--judge <name>', 'who judges').choices(names).makeOptionMandatory())
    .addOption(new Option('--json', 'print {judge, judgement} as the API has it').conflicts('schema'))
    .option('--schema', 'print the JSON Schema of the input, and judge nothing')
    .addHelpText('after', help)
    .action((file: string, { judge, json, schema }: Options) => {
      const entry: SeriesJudge<never, SeriesJudgement> = seriesJudges[judge]
      if (schema) {
        terminal.write(`${JSON.stringify(entry.input, null, 2)}\n`)
        return
      }
      const what = nameOfInput(file)
      const judgement = unusable(what, () => {
        const input = parseJson(readInput(terminal, file), what)
        checkJson(entry.input, input, what)
        return judgeSeries(entry, input as never)
      })
      terminal.write(json ? `${JSON.stringify({ judge, judgement }, null, 2)}\n` : shown(entry, judgement))
    })
}

function shown(entry: SeriesJudge<never, SeriesJudgement>, judgement: SeriesJudgement): string {
  const { decision, reason } = judgement
  const rows = entry.table(judgement as never).map((row) => row.map(oneLine))
  const lines = columns(rows.slice(0, shownRows + 1)).map((line) => `  ${line}`)
  const more = rows.length - 1 - shownRows
  return [
    `${decision === undefined ? '' : `${decision.toUpperCase()}  `}${reason.code}`,
    oneLine(reason.summary),
    ...lines,
    ...(more > 0 ? [`  … and ${more} more; --json has them all`] : []),
    '',
  ].join('\n')
}
