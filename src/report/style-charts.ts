/** How marks in charts look: strokes s-, fills f-, washes w-, words t-. */
export const chartStyle = `
svg.chart { display: block; overflow: visible; }
svg.spill { overflow: visible; }
.plot { padding: 8px 10px 24px 46px; }
.plot.ends { padding-right: 52px; padding-left: 44px; }
.plot.labelled { padding-right: 150px; padding-left: 52px; }
.plot.labelled.tight { padding-top: 8px; padding-bottom: 0; }
.plot.named { padding-left: 140px; padding-right: 16px; }
svg text { font: 400 11px var(--sans); fill: var(--ink-3); font-variant-numeric: tabular-nums; }
svg .t-strong { font-weight: 600; }
svg .t-ink { fill: var(--ink); }
svg .t-2 { fill: var(--ink-2); }
svg .t-canary { fill: var(--canary-text); font-weight: 600; }
svg .t-promote { fill: var(--promote-text); }
svg .t-hold { fill: var(--hold-text); }
svg .t-rollback { fill: var(--rollback-text); }
svg .t-end { text-anchor: end; }
svg .t-mid { text-anchor: middle; }
svg text.narrow { display: none; }
.halo { paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; }
svg.chart path, svg.sample path { vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.nofill { fill: none; }
.s-grid, .s-axis, .s-margin { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.s-axis { stroke: var(--line-2); }
.s-margin { stroke: var(--ink-2); stroke-dasharray: 3 3; }
.s-allow { stroke: var(--promote); stroke-width: 1.25; }
.s-base { stroke: var(--base); stroke-width: 1.5; }
.s-canary { stroke: var(--canary); stroke-width: 2.25; }
.s-ink { stroke: var(--ink); stroke-width: 2; }
.s-quiet { stroke: var(--ink-3); stroke-width: 1.25; }
.s-promote { stroke: var(--promote); stroke-width: 2; }
.s-hold { stroke: var(--hold); stroke-width: 2; }
.s-rollback { stroke: var(--rollback); stroke-width: 2; }
.s-cut { stroke: var(--surface); stroke-width: 1.5; }
.thin { stroke-width: 1; }
.thick { stroke-width: 3; }
.dash { stroke-dasharray: 4 3; }
.dots { stroke-dasharray: 1 4; }
.faded { stroke-opacity: .35; }
.f-base { fill: var(--base); }
.f-canary { fill: var(--canary); }
.f-ink { fill: var(--ink); }
.f-quiet { fill: var(--ink-3); }
.f-promote { fill: var(--promote); }
.f-hold { fill: var(--hold); }
.f-rollback { fill: var(--rollback); }
.hollow { fill: var(--surface); }
.w-base { fill: var(--base-wash); }
.w-canary { fill: var(--canary-wash); }
.w-canary.deep { fill: var(--canary-deep); }
.w-rollback { fill: var(--rollback-wash); }
.w-hold { fill: var(--hold-wash); }
.w-sunken { fill: var(--sunken); }
.w-margin { fill: var(--line-2); fill-opacity: .6; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12px; line-height: 16px; color: var(--ink-2); }
.key span { display: inline-flex; gap: 6px; align-items: center; }
.key svg { flex: none; }
.key.indented { padding-left: 46px; margin-top: 12px; }
.key.ruled { margin-top: 14px; padding-top: 14px; border-top: 1px solid var(--line); }
.cards + .key { margin-top: 14px; }
.source { margin-top: 10px; font-size: 12px; line-height: 16px; color: var(--ink-3); }
@media (max-width: 640px) {
  svg text.wide { display: none; }
  svg text.narrow { display: inline; }
  .plot { padding-left: 38px; padding-right: 8px; }
  .plot.ends { padding-left: 38px; padding-right: 48px; }
  .plot.labelled { padding-left: 46px; padding-right: 20px; }
  .plot.named { padding-left: 92px; padding-right: 8px; }
  .key.indented { padding-left: 0; }
}
`
