/** Rows in the order of their values, column by column; a tick's rows come in none. */
export function inOrder<Row extends object>(rows: readonly Row[]): Row[] {
  const key = (row: Row) => JSON.stringify(Object.values(row))
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}
