/** Conditions that readers of rollups and of raw spans share. Those in released migrations stand there and are never edited. */

/** Spans of what a service was asked. */
export const isRequest = "SpanKind IN ('Server', 'Consumer')"

/** Spans of what a service asked of others. */
export const isCall = "SpanKind IN ('Client', 'Producer')"

/** Ticks of the parameters `from` and `to`, Unix seconds, `to` exclusive. */
export const inWindow = 'T >= fromUnixTimestamp({from:Int64}) AND T < fromUnixTimestamp({to:Int64})'
