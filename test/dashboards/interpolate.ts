/** A variable's value as a dashboard has it. */
export type Chosen = Readonly<Record<string, string>>

/** The time range that a dashboard shows, Unix milliseconds, and the resolution of a panel. */
export type Shown = { readonly from: number; readonly to: number; readonly intervalSeconds: number }

const pattern = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g

function formatted(value: string, format: string | undefined): string {
  // "All" with a value of its own is put in as it is, whatever the format.
  if (format === undefined || value === '.+') return value
  if (format !== 'percentencode') throw new Error(`no dashboard uses the format ${format} yet`)
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/**
 * Text with its variables replaced, as Grafana does it before a query is sent. `$__…` is left to the data source.
 * @throws Error for a variable that has no value.
 */
function interpolate(text: string, values: Chosen): string {
  return text.replace(
    pattern,
    (whole, braced: string | undefined, format: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare!
      if (name.startsWith('__')) return whole
      const value = values[name]
      if (value === undefined) throw new Error(`variable ${name} has no value in: ${text}`)
      return formatted(value, format)
    },
  )
}

/** Names of the variables that a text uses, without Grafana's own. */
export function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(pattern)]
    .map(([, braced, , bare]) => braced ?? bare!)
    .filter((name) => !name.startsWith('__'))
}

/** PromQL with what Grafana's Prometheus data source knows: `$__rate_interval` is four scrapes at least. */
export function promqlOf(expr: string, values: Chosen, { from, to, intervalSeconds }: Shown): string {
  const scrapeSeconds = 1
  const own: Chosen = {
    __rate_interval: `${Math.max(intervalSeconds + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __interval: `${intervalSeconds}s`,
    __range: `${Math.round((to - from) / 1000)}s`,
  }
  return interpolate(expr, values).replace(/\$(__\w+)/g, (whole, name: string) => {
    const value = own[name]
    if (value === undefined) throw new Error(`${whole} is none of Prometheus's: ${expr}`)
    return value
  })
}

/** SQL with the macros of Grafana's ClickHouse plugin that the dashboards use; their arguments are plain columns. */
export function sqlOf(rawSql: string, values: Chosen, { from, to, intervalSeconds }: Shown): string {
  const time = (ms: number) => `toDateTime(${Math.floor(ms / 1000)})`
  const macros: Readonly<Record<string, (column: string) => string>> = {
    timeFilter: (column) => `${column} >= ${time(from)} AND ${column} <= ${time(to)}`,
    timeInterval: (column) => `toStartOfInterval(toDateTime(${column}), INTERVAL ${intervalSeconds} second)`,
    fromTime: () => time(from),
    toTime: () => time(to),
    interval_s: () => String(intervalSeconds),
  }
  return interpolate(rawSql, values).replace(/\$__(\w+)(?:\((\w+)\))?/g, (whole, name: string, column: string) => {
    const macro = macros[name]
    if (macro === undefined) throw new Error(`${whole} is no macro of the plugin: ${rawSql}`)
    return macro(column)
  })
}
