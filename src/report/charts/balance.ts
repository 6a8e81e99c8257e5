import { formatEvidence, threshold } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { block, chart, upright, word } from './svg.ts'

/** What the balance weighs: both proofs and where they decide. */
export type Weighed = {
  readonly eValue: number
  readonly promoteEValue: number
  readonly falseRollbackRate: number
  readonly falsePromoteRate: number
}

const middle = 0.5
const reach = 0.43
const edge = 0.4687
/** From here on the ramp should pause. */
export const pauseAt = 10

function extent(evidence: number, decides: number): { readonly share: number; readonly over: boolean } {
  if (!(evidence > 1)) return { share: 0, over: false }
  const share = (reach * Math.log(evidence)) / Math.log(decides)
  return share > edge ? { share: edge, over: true } : { share, over: false }
}

function harmTone(evidence: number, decides: number): string {
  if (evidence >= decides) return 'f-rollback'
  return evidence >= pauseAt ? 'f-hold' : 'f-quiet'
}

function overshoot(className: string, x: number, y: number, towards: 'left' | 'right'): Markup {
  const points = towards === 'right' ? '0,-6 7,0 0,6' : '0,-6 -7,0 0,6'
  return html`<svg class="spill" x="${x * 100}%" y="${y}" width="1" height="1"><polygon class="${className}" points="${points}"/></svg>`
}

function summary(weighed: Weighed): string {
  const promoteAt = formatEvidence(threshold(weighed.falsePromoteRate))
  const rollbackAt = formatEvidence(threshold(weighed.falseRollbackRate))
  return `evidence that harm is ruled out ${formatEvidence(weighed.promoteEValue)} of ${promoteAt}; evidence of harm ${formatEvidence(weighed.eValue)} of ${rollbackAt}`
}

function labels(promoteAt: number, rollbackAt: number, pauseX: number): readonly Markup[] {
  return [
    word('t-mid t-promote', middle - reach, 42, 'ruled out'),
    word('t-mid', middle - reach, 56, formatEvidence(promoteAt)),
    word('t-mid spare', middle, 42, 'no evidence'),
    word('t-mid', middle, 56, '1'),
    word('t-mid t-hold', pauseX, 42, 'pause'),
    word('t-mid', pauseX, 56, formatEvidence(pauseAt)),
    word('t-mid t-rollback', middle + reach, 42, 'roll back'),
    word('t-mid', middle + reach, 56, formatEvidence(rollbackAt)),
  ]
}

/**
 * Both proofs on one log axis: to the left harm ruled out, to the right harm. Evidence at or below 1 draws nothing.
 * `small` is the form for tables, without words.
 */
export function balance(weighed: Weighed, small = false): Markup {
  const promoteAt = threshold(weighed.falsePromoteRate)
  const rollbackAt = threshold(weighed.falseRollbackRate)
  const [y, thick, tick] = small ? [4, 6, 3] : [9, 8, 4]
  const centre = y + thick / 2
  const left = extent(weighed.promoteEValue, promoteAt)
  const right = extent(weighed.eValue, rollbackAt)
  const tone = harmTone(weighed.eValue, rollbackAt)
  const pauseX = middle + (reach * Math.log(pauseAt)) / Math.log(rollbackAt)
  const mark = (x: number, stroke: string, covered: boolean) =>
    upright(covered ? 's-cut' : `${stroke} thin`, x, y - tick, y + thick + tick)
  return chart(
    small ? 14 : 60,
    summary(weighed),
    block('w-sunken', middle - edge, middle + edge, y, thick),
    block('f-promote', middle - left.share, middle, y, thick),
    block(tone, middle, middle + right.share, y, thick),
    mark(middle, 's-axis', false),
    mark(middle - reach, 's-promote', left.share > reach),
    mark(pauseX, 's-hold', middle + right.share > pauseX),
    mark(middle + reach, 's-rollback', right.share > reach),
    left.over && overshoot('f-promote', middle - edge, centre, 'left'),
    right.over && overshoot(tone, middle + edge, centre, 'right'),
    !small && labels(promoteAt, rollbackAt, pauseX),
  )
}
