import { styleText } from 'node:util'

/** What this module needs of process.stdout. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export type Style = Parameters<typeof styleText>[0]

export type Console = {
  /** One line that stays. */
  print(line?: string): void
  /**
   * Says what is being waited for. On a terminal the line is rewritten by the next one; elsewhere it is printed, but
   * only every 15 seconds.
   */
  progress(text: string): void
  /** The text in colour when the output is a terminal and NO_COLOR is not set, else as it is. */
  paint(style: Style, text: string): string
}

const quietMs = 15_000

/** A console over one stream; `noColor` is the variable NO_COLOR, `now` gives milliseconds. */
export function createConsole(output: Output, noColor: string | undefined, now: () => number): Console {
  const colour = output.isTTY === true && (noColor === undefined || noColor === '')
  let progressShown = false
  let lastProgressAt = now()

  function clearProgress(): void {
    if (progressShown) output.write('\r\x1b[K')
    progressShown = false
  }

  return {
    print(line = '') {
      clearProgress()
      lastProgressAt = now()
      output.write(`${line}\n`)
    },
    progress(text) {
      if (output.isTTY === true) {
        clearProgress()
        // A line that wraps could not be taken back with one carriage return.
        output.write(text.slice(0, (output.columns || 80) - 1))
        progressShown = true
      } else if (now() - lastProgressAt >= quietMs) {
        lastProgressAt = now()
        output.write(`${text}\n`)
      }
    },
    // The stream is judged above: FORCE_COLOR is not to put escapes into a file.
    paint: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  }
}
