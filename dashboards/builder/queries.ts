/** A data source by variable: nothing in a file names one that it was made with. */
export const prometheus = { type: 'prometheus', uid: `\${datasource}` } as const
export const clickhouse = { type: 'grafana-clickhouse-datasource', uid: `\${clickhouse}` } as const

/** A target of a panel, still without its refId. */
export type Query = { readonly datasource: typeof prometheus | typeof clickhouse } & Readonly<Record<string, unknown>>

/** Every selector names job and instance: a Prometheus has `process_*` and `http_*` of many others too. */
const scope = 'job=~"$job", instance=~"$instance"'

/** The labels of what belongs to a unit, by the variables of a dashboard that has them. */
export const chosenUnits = 'service=~"$service", environment=~"$environment"'

/** A selector of one metric of the chosen Davys. @param matchers more of them, separated by commas. */
export function series(metric: string, matchers = ''): string {
  return `${metric}{${scope}${matchers === '' ? '' : `, ${matchers}`}}`
}

/** Per second, over the window that fits the panel's resolution and the scrape interval. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${series(metric, matchers)}[$__rate_interval])`
}

/** A quantile of a histogram. @param by labels that are kept, separated by commas. */
export function quantile(share: number, metric: string, by = '', matchers = ''): string {
  const kept = by === '' ? 'le' : `le, ${by}`
  return `histogram_quantile(${share}, sum by (${kept}) (${rate(`${metric}_bucket`, matchers)}))`
}

/** Lines over time. @param legend `{{label}}` stands for its value. */
export function lines(expr: string, legend: string): Query {
  return { datasource: prometheus, editorMode: 'code', expr, legendFormat: legend, range: true }
}

/** The same with the traces of single requests as dots, where Davy's tracing is on. */
export function linesWithExemplars(expr: string, legend: string): Query {
  return { ...lines(expr, legend), exemplar: true }
}

/** The newest value. */
export function newest(expr: string, legend = ''): Query {
  return { datasource: prometheus, editorMode: 'code', expr, legendFormat: legend, instant: true, range: false }
}

/** The newest values as rows of a table, a column for each label. */
export function rowsOf(expr: string): Query {
  return { ...newest(expr), format: 'table' }
}

/** Rates of a histogram's buckets, for a heatmap. */
export function buckets(metric: string): Query {
  const expr = `sum by (le) (${rate(`${metric}_bucket`)})`
  return { ...lines(expr, '{{le}}'), format: 'heatmap' }
}

/** Rows from ClickHouse. */
export function table(rawSql: string): Query {
  return { datasource: clickhouse, editorType: 'sql', format: 1, queryType: 'table', rawSql: dedent(rawSql) }
}

/** Rows with a column `time` from ClickHouse, a line for each other column. */
export function timeSeries(rawSql: string): Query {
  return { datasource: clickhouse, editorType: 'sql', format: 0, queryType: 'timeseries', rawSql: dedent(rawSql) }
}

/** Text without the indentation that all its lines share. */
export function dedent(text: string): string {
  const all = text.replace(/^\n+|\s+$/g, '').split('\n')
  const depth = Math.min(...all.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return all.map((line) => line.slice(depth)).join('\n')
}
