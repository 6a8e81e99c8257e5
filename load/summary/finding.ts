/** One line of the table: what was to hold, what came, and whether it held. */
export type Finding = {
  readonly what: string
  readonly measured: string
  readonly limit: string
  readonly isKept: boolean
}
