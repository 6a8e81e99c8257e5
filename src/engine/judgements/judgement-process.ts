import { buffer } from 'node:stream/consumers'
import { DavyError, type ErrorCode, type ErrorFields } from '../../domain/errors.ts'
import { seriesJudges } from '../../judges/index.ts'
import { judgeSeries, type SeriesJudge, type SeriesJudgement } from '../../judges/series-judge.ts'
import { checkJson, parseJson } from '../../platform/check-json.ts'
import { judgementFaultCode } from './judgement-fault-code.ts'

/** What it writes in place of an answer: the error for whoever asked. */
export type JudgementFault = ErrorFields & { readonly code: ErrorCode; readonly detail: string }

// A process of its own: reads an input from the standard input, writes {judge, judgement} to the standard output.
const judge = process.argv[2] as keyof typeof seriesJudges
const judgeOf: SeriesJudge<never, SeriesJudgement> = seriesJudges[judge]
try {
  const input = parseJson((await buffer(process.stdin)).toString('utf8'), 'the body')
  checkJson(judgeOf.input, input, 'the body')
  const judgement = judgeSeries(judgeOf, input as never)
  process.stdout.write(JSON.stringify({ judge, judgement }))
} catch (error) {
  if (!(error instanceof DavyError)) throw error
  const { code, message: detail, expected, got, where } = error
  // JSON leaves out what is undefined.
  process.stdout.write(JSON.stringify({ code, detail, expected, got, where: where === '' ? 'body' : where }))
  process.exitCode = judgementFaultCode
}
