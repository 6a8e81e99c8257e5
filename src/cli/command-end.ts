/**
 * Ends a command with an exit code other than 0.
 * `message` is told on the standard error; an empty one when everything is already said.
 */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
