import { Session } from 'chdb'

/** A row of a table; integers of 64 bits and times, in Unix nanoseconds, are decimal strings. */
export type Row = Readonly<Record<string, unknown>>

const times: Readonly<Record<string, readonly string[]>> = {
  otel_traces: ['Timestamp'],
  otel_logs: ['Timestamp'],
}
const listsOfTimes: Readonly<Record<string, readonly string[]>> = {
  otel_traces: ['Events.Timestamp'],
  otel_logs: [],
  otel_metrics_summary: [],
}

/**
 * Every column of the rows of a service, sorted as `orderBy` says, read past Davy from the engine that it has open.
 * @param directory of Davy's storage, in this process.
 */
export async function storedRows(directory: string, table: string, service: string, orderBy: string): Promise<Row[]> {
  const single = times[table] ?? ['StartTimeUnix', 'TimeUnix']
  const lists = listsOfTimes[table] ?? ['Exemplars.TimeUnix']
  const columns = [
    `* EXCEPT (${[...single, ...lists].map((name) => `\`${name}\``).join(', ')})`,
    ...single.map((name) => `toUnixTimestamp64Nano(t.${name}) AS ${name}`),
    ...lists.map((name) => `arrayMap(x -> toUnixTimestamp64Nano(x), t.\`${name}\`) AS \`${name}\``),
  ]
  const session = new Session(directory)
  try {
    const result = await session.queryAsync(
      `SELECT ${columns.join(', ')} FROM ${table} AS t WHERE ServiceName = '${service}' ORDER BY ${orderBy}
      SETTINGS output_format_json_quote_64bit_integers = 1`,
      { format: 'JSONEachRow' },
    )
    const lines = result.text().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
  } finally {
    session.close()
  }
}
