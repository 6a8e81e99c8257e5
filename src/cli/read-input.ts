import { DavyError } from '../domain/errors.ts'
import { CommandEnd } from './command-end.ts'
import type { Terminal } from './terminal.ts'

/** How messages call the input of a command: the file, or the standard input for `-`. */
export function nameOfInput(file: string): string {
  return file === '-' ? 'the standard input' : file
}

/** A file's text, or the standard input's for `-`. @throws what the operating system says. */
export function readInput(terminal: Terminal, file: string): string {
  return file === '-' ? terminal.readInput() : terminal.readFile(file)
}

/**
 * Does what needs a usable input. Exit codes of such commands speak about the input's content, so that nothing else may
 * end with 1, which is also Node's code for an uncaught error.
 * @throws CommandEnd 2
 */
export function unusable<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof DavyError) throw new CommandEnd(2, error.message)
    const isSystem = error instanceof Error && 'syscall' in error
    const detail = error instanceof Error ? (isSystem ? error.message : (error.stack ?? error.message)) : String(error)
    throw new CommandEnd(2, `${what} cannot be used: ${detail}`)
  }
}
