import type { Decision } from '../../domain/verdict.ts'
import { closedObject } from '../json-schema.ts'
import type { SeriesJudge } from '../series-judge.ts'
import type { WindowsJudgement } from './judge-views.ts'
import { judgeWindows } from './judge-windows.ts'
import { checkWindows, windowsInput } from './windows-input.ts'

type WindowsInput = Parameters<typeof judgeWindows>[0]

type ExplainedWindows = Omit<WindowsJudgement, 'reason'> & {
  readonly decision: Decision
  readonly reason: { readonly code: string; readonly summary: string }
}

const words: Readonly<Record<WindowsJudgement['reason'], string>> = {
  regression: 'is worse than the windows without the change',
  'no-regression': 'is like the windows without the change',
  suspicious: 'looks worse than the windows without the change, and it is not proven',
  'not-enough-evidence': 'cannot be told from the windows without the change: too few of them, or too little in them',
}

/** One window of metrics, traces and logs against up to six without the change. */
export const windowsJudge: SeriesJudge<WindowsInput, ExplainedWindows> = {
  question: 'Is a window of spans, log messages and CPU after a change worse than 1 to 6 windows without it?',
  input: closedObject({ service: { type: 'string', minLength: 1 }, ...windowsInput }),
  judge(input) {
    checkWindows(input)
    const { decision, reason, logE, families } = judgeWindows(input)
    const [loudest] = families.toSorted((a, b) => b.logE - a.logE)
    const most = reason === 'no-regression' || loudest === undefined ? '' : ` Most of it is said by ${loudest.family}.`
    const code = reason.toUpperCase().replaceAll('-', '_')
    return { decision, reason: { code, summary: `${input.service} ${words[reason]}.${most}` }, logE, families }
  },
  table({ families }) {
    const head = ['EVIDENCE', 'LOG E', 'WINDOWS COMPARED']
    return [head, ...families.map(({ family, logE, kept }) => [family, logE.toFixed(2), String(kept.length)])]
  },
}
