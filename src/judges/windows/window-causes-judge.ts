import { closedObject } from '../json-schema.ts'
import type { SeriesJudge } from '../series-judge.ts'
import { type RankedService, rankServices } from './rank-services.ts'
import { checkWindows, type Windows, windowsInput } from './windows-input.ts'

type WindowCauses = {
  readonly reason: { readonly code: 'RANKED' | 'NO_EVIDENCE'; readonly summary: string }
  readonly ranked: readonly RankedService[]
}

/**
 * Which service of a system a window accuses most. It ranks and decides nothing: of many services some are always odd.
 */
export const windowCausesJudge: SeriesJudge<Windows, WindowCauses> = {
  question: 'In which service did it begin, by a window of spans, log messages and CPU and 1 to 6 windows without it?',
  input: closedObject(windowsInput),
  judge(input) {
    checkWindows(input)
    const ranked = rankServices(input)
    return { reason: reasonOf(ranked), ranked }
  },
  table({ ranked }) {
    return [
      ['SERVICE', 'LOG E', 'MOST BY', 'EXPLAINED BY'],
      ...ranked.map((one) => [one.service, one.logE.toFixed(2), loudest(one) ?? '–', one.explainedBy ?? '']),
    ]
  },
}

function reasonOf([first]: readonly RankedService[]): WindowCauses['reason'] {
  if (first === undefined || first.logE <= 0) {
    return { code: 'NO_EVIDENCE', summary: 'Nothing in the window speaks against any service.' }
  }
  const summary = `If something is wrong, it most likely began at ${first.service}: most is said by ${loudest(first)}.`
  return { code: 'RANKED', summary }
}

function loudest({ families }: RankedService): string | undefined {
  return families.toSorted((a, b) => b.logE - a.logE)[0]?.family
}
