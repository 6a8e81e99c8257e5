import { chartStyle } from './style-charts.ts'
import { tokens } from './style-tokens.ts'

const base = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 56px; }
body {
  margin: 0; background: var(--bg); color: var(--ink); font: 400 14px/20px var(--sans);
  font-variant-numeric: tabular-nums; text-rendering: optimizeLegibility; overflow-wrap: break-word;
}
h1, h2, h3, p, dl, dd, ul, ol, table { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code { font: 12px/18px var(--mono); font-variant-ligatures: none; overflow-wrap: anywhere; }
h1 { font-size: 30px; line-height: 38px; font-weight: 600; letter-spacing: -.022em; max-width: 25em; text-wrap: pretty; overflow-wrap: anywhere; }
h2 { font-size: 17px; line-height: 24px; font-weight: 600; letter-spacing: -.01em; }
h3 { font-size: 14px; line-height: 20px; font-weight: 600; overflow-wrap: anywhere; }
b, .strong { font-weight: 600; }
.wrap { max-width: 1200px; margin: 0 auto; padding: 0 24px; }
.shapes { position: absolute; }
.icon { flex: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.small { font-size: 12px; line-height: 16px; }
.muted { color: var(--ink-2); }
.faint { color: var(--ink-3); }
.base { color: var(--base-text); }
.can { color: var(--canary-text); }
.ok { color: var(--promote-text); }
.warn { color: var(--hold-text); }
.bad { color: var(--rollback-text); }
.num { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.anywhere { overflow-wrap: anywhere; }
`

const frame = `
.top { border-bottom: 1px solid var(--line); background: var(--surface); }
.top .wrap { display: flex; align-items: center; gap: 24px; height: 48px; }
.brand { display: inline-flex; align-items: center; gap: 8px; font-weight: 600; color: var(--ink); letter-spacing: -.01em; }
.flame { fill: var(--canary); }
.top nav a { color: var(--ink-2); }
.top nav a[aria-current] { color: var(--ink); font-weight: 500; }
.aside { margin-left: auto; display: flex; gap: 16px; color: var(--ink-2); font-size: 13px; min-width: 0; }
.aside span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.foot {
  display: flex; flex-wrap: wrap; gap: 4px 24px; margin-top: 48px; padding: 20px 0 40px; border-top: 1px solid var(--line);
  color: var(--ink-3); font-size: 12px; line-height: 18px; overflow-wrap: anywhere;
}
.button {
  display: inline-flex; align-items: center; height: 30px; padding: 0 12px; border: 1px solid var(--line-2); border-radius: 5px;
  background: var(--surface); color: var(--ink); font-weight: 500; font-size: 13px; white-space: nowrap;
}
.button:hover { border-color: var(--ink-3); text-decoration: none; }
.button.main { background: var(--ink); color: var(--bg); border-color: var(--ink); }
.acts { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 18px; }
`

const verdict = `
.badge {
  display: inline-flex; align-items: center; gap: 7px; min-height: 28px; padding: 0 11px 0 8px; border-radius: 5px;
  font-weight: 600; font-size: 13px; overflow-wrap: anywhere;
}
.badge.rollback { background: var(--rollback-fill); color: var(--rollback-on); }
.badge.hold { background: var(--hold-fill); color: var(--hold-on); }
.badge.promote { background: var(--promote-fill); color: var(--promote-on); }
.badge.nodata, .badge.outlined { box-shadow: inset 0 0 0 1.5px var(--ink-3); }
.badge.outlined { padding: 0 10px; }
.badge.small-badge { min-height: 22px; font-size: 12px; padding: 0 8px 0 5px; gap: 5px; border-radius: 4px; }
.state { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; font-size: 13px; vertical-align: middle; }
.state.rollback { color: var(--rollback-text); font-weight: 600; }
.state.rollback.likely { font-weight: 400; }
.state.hold { color: var(--hold-text); }
.state.promote { color: var(--promote-text); }
.state.nodata { color: var(--ink-3); }
.state.quiet { color: var(--ink-2); }
.state.quiet .icon { color: var(--hold); }
.done { display: inline-flex; align-items: center; gap: 6px; }
.done .icon { width: 13px; height: 13px; color: var(--ink-3); }
.done.bad .icon { color: inherit; }
`

const headStyle = `
.crumb { display: flex; flex-wrap: wrap; gap: 4px 8px; padding-top: 24px; color: var(--ink-3); font-size: 13px; overflow-wrap: anywhere; }
.crumb a, .crumb > span:nth-child(3) { color: var(--ink-2); }
.crumb > span { min-width: 0; }
.head { display: grid; grid-template-columns: minmax(0, 1fr) 296px; column-gap: 48px; padding: 16px 0 28px; align-items: start; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; margin-bottom: 14px; }
.versions { color: var(--ink-2); overflow-wrap: anywhere; min-width: 0; }
.versions b { color: var(--ink); }
.sub { font-size: 16px; line-height: 25px; color: var(--ink-2); margin-top: 12px; max-width: 44em; text-wrap: pretty; overflow-wrap: anywhere; }
.head .note { margin-top: 10px; color: var(--ink-2); font-size: 13px; overflow-wrap: anywhere; }
.scale { border-left: 1px solid var(--line); padding: 2px 0 2px 24px; }
.scale .cap { font-size: 12px; line-height: 16px; color: var(--ink-3); margin-bottom: 8px; }
.scale .say { margin-top: 10px; font-size: 13px; line-height: 18px; color: var(--ink-2); }
.facts { display: grid; grid-template-columns: repeat(5, auto); justify-content: space-between; gap: 16px 28px; padding: 16px 0; border-top: 1px solid var(--line); }
.facts > div { min-width: 0; overflow-wrap: anywhere; }
.facts dt { color: var(--ink-3); font-size: 12px; line-height: 16px; }
.facts dd { margin-top: 2px; font-weight: 500; }
.facts dd span { display: block; font-weight: 400; color: var(--ink-2); font-size: 12px; line-height: 16px; }
.facts dd .inline { font-weight: 500; font-size: 14px; line-height: 20px; }
.facts dd .can { color: var(--canary-text); }
.facts dd .base { color: var(--base-text); }
.anchors { position: sticky; top: 0; z-index: 2; background: var(--bg); border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.anchors .wrap { display: flex; gap: 22px; align-items: center; height: 44px; overflow-x: auto; scrollbar-width: none; font-size: 13px; }
.anchors a { color: var(--ink-2); white-space: nowrap; }
`

const sections = `
section { padding-top: 36px; break-inside: avoid-page; }
.sec { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 14px; margin-bottom: 16px; }
.lead { flex: 1 1 24em; color: var(--ink-2); max-width: 62em; text-wrap: pretty; overflow-wrap: anywhere; min-width: 0; }
.card, .panel { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; min-width: 0; break-inside: avoid; }
.card { padding-bottom: 16px; }
.panel + .panel, .panel.spaced { margin-top: var(--gutter); }
.panel > .note { margin-top: 2px; font-size: 13px; line-height: 18px; color: var(--ink-2); overflow-wrap: anywhere; }
.panel > .note + .plot, .panel > h3 + .plot { margin-top: 10px; }
.panel > .note + table { margin-top: 14px; }
.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: var(--gutter); }
.halves { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: var(--gutter); }
.halves > .panel { margin-top: 0; }
.halves > .panel:only-child { grid-column: 1 / -1; }
.reason { display: flex; flex-direction: column; }
.over { display: flex; align-items: center; justify-content: space-between; gap: 8px; min-height: 20px; color: var(--ink-2); font-size: 13px; }
.over > span:first-child { min-width: 0; overflow-wrap: anywhere; }
.big { display: flex; flex-wrap: wrap; align-items: baseline; column-gap: 8px; margin-top: 8px; font-size: 26px; line-height: 32px; font-weight: 600; letter-spacing: -.02em; }
.big small { font-size: 13px; line-height: 20px; font-weight: 400; color: var(--ink-2); letter-spacing: 0; overflow-wrap: anywhere; }
.reason .text { margin-top: 4px; min-height: 40px; font-size: 13px; line-height: 20px; color: var(--ink-2); overflow-wrap: anywhere; }
.text b { color: var(--ink); }
.reason .plot { margin: 8px 0 6px; }
.below { display: flex; justify-content: space-between; gap: 8px; margin-top: auto; padding-top: 10px; border-top: 1px solid var(--line); font-size: 12px; line-height: 16px; color: var(--ink-3); }
.below a { min-width: 0; overflow-wrap: anywhere; }
.below span { white-space: nowrap; }
.strip, .chain { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); border: 1px solid var(--line); border-radius: 8px; background: var(--surface); overflow: hidden; }
.strip > div, .chain > li { padding: 14px 16px; box-shadow: -1px -1px 0 var(--line); min-width: 0; overflow-wrap: anywhere; }
.strip .k, .chain .k { display: flex; align-items: center; gap: 6px; font-size: 12px; line-height: 16px; color: var(--ink-2); }
.strip .k .icon, .chain .k .icon { display: block; width: 14px; height: 14px; }
.strip .v, .chain .v { margin-top: 6px; font-weight: 600; }
.strip .v { font-size: 17px; line-height: 24px; letter-spacing: -.01em; }
.strip + .notes { margin-top: 10px; font-size: 12px; line-height: 18px; color: var(--ink-2); }
.strip .n, .chain .n { margin-top: 2px; font-size: 12px; line-height: 16px; color: var(--ink-2); }
.chain .ends { background: var(--rollback-wash); }
.forest .row { display: grid; grid-template-columns: 236px minmax(0, 1fr) 108px 108px; align-items: center; min-height: 44px; border-top: 1px solid var(--line); }
.forest .heads { align-items: end; min-height: 24px; border-top: 0; padding-bottom: 4px; font-size: 12px; line-height: 16px; color: var(--ink-3); }
.forest b { display: block; overflow-wrap: anywhere; }
.forest small { display: block; font-size: 12px; line-height: 16px; color: var(--ink-3); overflow-wrap: anywhere; }
.forest .label { padding: 4px 16px 4px 0; min-width: 0; }
.forest .effect { padding-left: 20px; }
`

const tables = `
table { width: 100%; border-collapse: collapse; }
th { padding: 0 12px 6px 0; font-weight: 400; font-size: 12px; line-height: 16px; color: var(--ink-3); text-align: left; vertical-align: bottom; }
thead th { max-width: 16em; }
thead th.num { text-align: right; white-space: normal; }
td { padding: 8px 12px 8px 0; border-top: 1px solid var(--line); vertical-align: middle; font-size: 13px; line-height: 18px; }
tbody th { padding: 8px 12px 8px 0; border-top: 1px solid var(--line); vertical-align: middle; font-weight: 500; font-size: 13px; line-height: 18px; color: var(--ink); overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
.sub2 { display: block; font-weight: 400; font-size: 12px; line-height: 16px; color: var(--ink-3); }
td.spark, th.spark { padding-left: 20px; }
td.spark { width: 27%; min-width: 140px; padding-top: 4px; padding-bottom: 4px; }
th.spark { padding-bottom: 0; }
.halves td.spark { width: auto; padding-left: 0; }
.halves tbody th { min-width: 112px; }
.halves thead th { max-width: 8em; }
.halves th.spark { padding-left: 0; padding-bottom: 6px; }
.fleet .svc { font-weight: 600; color: var(--ink); }
.fleet td { padding-top: 11px; padding-bottom: 11px; }
.fleet td.spark { width: 17%; }
.fleet td.weight { width: 110px; }
.fleet .say { color: var(--ink-2); max-width: 32em; overflow-wrap: anywhere; }
.fleet .say b { color: var(--ink); }
.step { font-size: 12px; color: var(--ink-2); }
.fleet-head { padding-top: 32px; }
.fleet-head h1 { max-width: none; }
.wait { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 32px; align-items: center; }
.panel.wait + .panel.wait { margin-top: 12px; }
.wait h3 { margin-top: 6px; font-size: 16px; line-height: 24px; letter-spacing: -.01em; }
.wait .acts { margin: 0; }
.wait .versions { margin-left: 6px; }
summary { cursor: pointer; }
.more { margin-top: 10px; font-size: 12px; line-height: 18px; color: var(--ink-2); }
.fold { padding: 10px 0; border-top: 1px solid var(--line); }
.fold:first-child { padding-top: 0; border-top: 0; }
.fold:last-child { padding-bottom: 0; }
.fold > summary { font-size: 13px; font-weight: 500; }
.fold > summary span { margin-left: 8px; color: var(--ink-3); font-weight: 400; }
pre { margin: 6px 0 0; padding: 10px 12px; background: var(--sunken); border-radius: 6px; overflow-x: auto; font: 12px/18px var(--mono); }
`

const narrow = `
@media (max-width: 1000px) {
  .head { grid-template-columns: minmax(0, 1fr); row-gap: 20px; }
  .scale { max-width: 480px; padding: 16px 0 0; border-left: 0; border-top: 1px solid var(--line); }
  .facts { grid-template-columns: repeat(3, auto); }
  .cards, .halves { grid-template-columns: minmax(0, 1fr); }
  .reason .text { min-height: 0; }
  .strip, .chain { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 640px) {
  :root { --gutter: 16px; }
  .wrap { padding: 0 16px; }
  .top .wrap { gap: 16px; }
  h1 { font-size: 23px; line-height: 30px; }
  .sub { font-size: 15px; line-height: 23px; }
  .crumb { padding-top: 16px; }
  section { padding-top: 28px; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .card, .panel { padding: 14px 14px 12px; }
  .chain { grid-template-columns: minmax(0, 1fr); }
  .forest .row { grid-template-columns: minmax(0, 1fr) auto; padding: 10px 0 8px; }
  .forest .heads { display: none; }
  .forest .row:nth-child(2) { border-top: 0; padding-top: 0; }
  .forest .judged { order: 1; align-self: start; }
  .forest .picture { order: 2; grid-column: 1 / -1; padding-top: 6px; }
  .forest .effect { display: none; }
  table.stack, .stack tbody { display: block; }
  .stack thead { display: none; }
  .stack tr { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; padding: 10px 0; border-top: 1px solid var(--line); }
  .stack tr:first-child { border-top: 0; padding-top: 0; }
  .stack td, .stack tbody th { display: block; width: auto; padding: 0; border: 0; text-align: left; }
  .stack td.spark, .halves td.spark, .fleet td.spark, .fleet td.weight { width: auto; padding: 4px 0 2px; }
  .stack tbody th { order: 1; flex: 1 1 50%; min-width: 0; }
  .stack .state-cell { order: 2; }
  .stack td.spark, .stack td.full { order: 3; flex: 1 0 100%; min-width: 0; }
  .stack td { order: 4; }
  .stack .end { order: 5; margin-left: auto; }
  .stack td.hide, .stack .spark:empty { display: none; }
  .stack td[data-l]::before { content: attr(data-l) " "; color: var(--ink-3); font-size: 12px; }
  .stack .num .sub2 { display: none; }
  .fleet td.weight { flex: 1 1 40%; }
  .wait { grid-template-columns: minmax(0, 1fr); }
  .wait .versions { display: block; margin: 6px 0 0; }
}
@media print {
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  @page { size: A4; margin: 14mm; }
  body { font-size: 11px; line-height: 16px; }
  .top .wrap { height: 32px; }
  .top nav, .anchors, .acts, summary::marker { display: none; }
  .wrap { max-width: none; padding: 0; }
  a { color: inherit; }
  h1 { font-size: 22px; line-height: 28px; }
  section { padding-top: 16px; break-inside: auto; }
  .sec { break-after: avoid; margin-bottom: 8px; }
  .head { grid-template-columns: minmax(0, 1fr) 236px; column-gap: 24px; padding-bottom: 16px; }
  .scale { border-top: 0; border-left: 1px solid var(--line); padding: 0 0 0 14px; }
  .facts { grid-template-columns: repeat(5, auto); }
  .cards { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .strip, .chain { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .card, .panel { padding: 10px 12px; }
  .big { font-size: 20px; }
  .big small { font-size: 10px; line-height: 14px; }
  .reason .text { font-size: 11px; line-height: 15px; }
  td, tbody th { padding: 5px 8px 5px 0; font-size: 10.5px; line-height: 14px; }
  td.spark { min-width: 84px; padding-left: 8px; }
  th.spark text.wide, .cards text.wide, .forest text.wide, .spare { display: none; }
  .sub { font-size: 12px; line-height: 18px; margin-top: 8px; }
  .scale .say { font-size: 10.5px; line-height: 14px; margin-top: 6px; }
  .crumb { padding-top: 10px; }
  .facts { gap: 8px 14px; padding: 8px 0; }
  .reason .plot { margin-bottom: 0; }
  tr, .forest .row { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  pre { white-space: pre-wrap; font-size: 8px; line-height: 11px; }
  .foot { margin-top: 16px; padding-bottom: 0; }
}
`

/** The one style sheet of all pages, served at /assets/davy.css; needs no font, no script and no style attribute. */
export const styleSheet: string = [tokens, base, frame, verdict, headStyle, sections, chartStyle, tables, narrow].join(
  '',
)
