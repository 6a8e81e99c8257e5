import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createConsole } from '../../deploy/demo/console.ts'

function capture(terminal: boolean, columns = 80, noColor?: string) {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal, columns })
  const clock = { now: 0 }
  const out = createConsole(stream, noColor, () => clock.now)
  return { out, clock, text: () => String(stream.read() ?? '') }
}

describe('the demo console', () => {
  it('rewrites progress on a terminal and takes it away before the next line', () => {
    const { out, text } = capture(true)
    out.progress('waiting 1 s')
    out.progress('waiting 2 s')
    out.print('ready')
    expect(text()).toBe('waiting 1 s\r\x1b[Kwaiting 2 s\r\x1b[Kready\n')
  })

  it('cuts progress so that it never wraps', () => {
    const { out, text } = capture(true, 8)
    out.progress('0123456789')
    expect(text()).toBe('0123456')
  })

  it('prints progress into a file only every 15 seconds, and never an escape', () => {
    const { out, clock, text } = capture(false)
    for (clock.now = 0; clock.now <= 31_000; clock.now += 1000) out.progress(`at ${clock.now / 1000}`)
    expect(text()).toBe('at 15\nat 30\n')
  })

  it('paints on a terminal, and neither in a file nor under NO_COLOR', () => {
    expect(capture(true).out.paint('red', 'wrong')).toBe('\x1b[31mwrong\x1b[39m')
    expect(capture(true, 80, '1').out.paint('red', 'wrong')).toBe('wrong')
    expect(capture(false).out.paint('red', 'wrong')).toBe('wrong')
  })
})
