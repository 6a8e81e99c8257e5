/** Grafana's ids of the units that we show; what has none is `none`, and text is `string`. */
export type Unit =
  | 'none'
  | 'string'
  | 'short'
  | 'percentunit'
  | 's'
  | 'bytes'
  | 'reqps'
  | 'cps'
  | 'ops'
  | 'bool_yes_no'
  | 'dateTimeAsIso'
