import { html, type Markup, type Part } from '../markup.ts'

/*
 * Charts are drawn without a viewBox: x is a share of the width (0 to 1, written in per cent), y is in px. So text, dots
 * and line ends keep their size from 300 to 1,100 px, and no script has to measure anything.
 */

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

/** A share of the width as an attribute value. */
function across(share: number): string {
  return `${rounded(share * 100)}%`
}

/** One chart: `summary` is what a reader who cannot see it must know, with the numbers. */
export function chart(height: number, summary: string, ...marks: readonly Part[]): Markup {
  return html`<svg class="chart" width="100%" height="${height}" role="img" aria-label="${summary}">${marks}</svg>`
}

/** A chart's axis labels when they stand in a table's head, apart from the charts. */
export function axisHead(height: number, ...marks: readonly Part[]): Markup {
  return html`<svg class="chart" width="100%" height="${height}" aria-hidden="true">${marks}</svg>`
}

export type Point = readonly [x: number, y: number]

/** A level line from x1 to x2. */
export function level(className: string, x1: number, x2: number, y: number): Markup {
  return html`<line class="${className}" x1="${across(x1)}" x2="${across(x2)}" y1="${rounded(y)}" y2="${rounded(y)}"/>`
}

/** An upright line. */
export function upright(className: string, x: number, y1: number, y2: number): Markup {
  return html`<line class="${className}" x1="${across(x)}" x2="${across(x)}" y1="${rounded(y1)}" y2="${rounded(y2)}"/>`
}

/** A rectangle from share x1 to x2; nothing when it has no extent. */
export function block(className: string, x1: number, x2: number, y: number, height: number): Markup | null {
  if (x2 <= x1 || height <= 0) return null
  return html`<rect class="${className}" x="${across(x1)}" y="${rounded(y)}" width="${across(x2 - x1)}" height="${rounded(height)}"/>`
}

/** A dot, with its value on hover. */
export function dot(className: string, x: number, y: number, radius: number, title?: string): Markup {
  const inside = title === undefined ? null : html`<title>${title}</title>`
  return html`<circle class="${className}" cx="${across(x)}" cy="${rounded(y)}" r="${radius}">${inside}</circle>`
}

/** A word at x, moved by `dx` px. */
export function word(className: string, x: number, y: number, text: string, dx = 0): Markup {
  const shift = dx === 0 ? null : html` dx="${dx}"`
  return html`<text class="${className}" x="${across(x)}" y="${rounded(y)}"${shift}>${text}</text>`
}

/** An open arrow head at x: the value lies further out than the axis goes. */
export function arrow(className: string, x: number, y: number, towards: 'left' | 'right'): Markup {
  const d = towards === 'right' ? 'M-6-4 0 0-6 4' : 'M6-4 0 0 6 4'
  return html`<svg class="spill" x="${across(x)}" y="${rounded(y)}" width="1" height="1"><path class="${className} nofill" d="${d}"/></svg>`
}

const span = 1000

function coordinates(points: readonly Point[]): string {
  return points.map(([x, y]) => `${rounded(x * span)} ${rounded(y)}`).join('L')
}

/** A line through points; a new stroke wherever null stands. */
export function linePath(className: string, points: readonly (Point | null)[]): Markup | null {
  const strokes: Point[][] = [[]]
  for (const point of points) {
    if (point === null) strokes.push([])
    else strokes.at(-1)!.push(point)
  }
  const drawn = strokes.filter((stroke) => stroke.length > 1)
  if (drawn.length === 0) return null
  return html`<path class="${className} nofill" d="${drawn.map((stroke) => `M${coordinates(stroke)}`).join('')}"/>`
}

/** The area between an upper and a lower line of the same length. */
export function bandPath(className: string, upper: readonly Point[], lower: readonly Point[]): Markup | null {
  if (upper.length < 2) return null
  return html`<path class="${className}" d="M${coordinates([...upper, ...lower.toReversed()])}Z"/>`
}

/** Paths stretch with the width, their strokes do not. */
export function stretched(height: number, ...paths: readonly (Markup | null)[]): Markup {
  return html`<svg class="spill" width="100%" height="${height}" viewBox="0 0 ${span} ${height}" preserveAspectRatio="none">${paths}</svg>`
}

/** A short sample of a line or area for a key. */
export function keySample(mark: Markup): Markup {
  return html`<svg class="sample" width="26" height="12" aria-hidden="true">${mark}</svg>`
}
