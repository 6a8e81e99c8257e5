import { expect, test } from 'vitest'
import { openLineScanner } from '../../../src/judges/log-templates/scan-line.ts'
import { seededRandom } from '../../../src/judges/sequential/seeded-random.ts'
import { random } from '../../stats/random.ts'
import { inventedFormats, inventedLines } from './invented-formats.ts'
import { slowScan } from './slow-scan.ts'

/** Of what lines are made that might tempt a scanner to cut a corner: words it knows, words that are nearly those, and marks. */
const pieces = [
  ...[
    'order',
    'order.',
    'orders',
    'Order',
    "can't",
    "o'",
    'true',
    'False',
    'TRUE',
    'null',
    'none',
    'n/a',
    'ms',
    'KB',
    'UTC',
  ],
  ...[
    'Jun',
    'Friday',
    'enable......0',
    'x....y....z',
    'ab12....cd',
    '12....ab',
    'a..b',
    'what?',
    'a/b?c',
    'a?b',
    '?',
    'worker-3',
  ],
  ...[
    'Price#41',
    'PaymentService.charge142',
    'd9acbbb7b',
    'deadbeef',
    'abcde1',
    'abcdef-1',
    'ABCDEF12',
    'fe80',
    '10.0.0.1',
  ],
  ...[
    'db-0.eu.example.com',
    'localhost',
    'main.go',
    'https',
    '/srv/app',
    '~x',
    'a@b',
    '0x1f',
    '5ms',
    '99%',
    '-7',
    '1_000',
    'µs',
  ],
  ...[
    '日本語',
    'naïve',
    '😀',
    '\u007f',
    '\u00a0',
    'x'.repeat(59),
    'y'.repeat(64),
    'z'.repeat(65),
    `${'q'.repeat(58)}7`,
  ],
  ...[...',;()[]{}<>"\'=|: \t\n.!?#/\\@&$_-+*%^~'],
  ...['://', '=[', '={', ']{', '::', ':80', ':8080', '="', "='", '> ', '<5', '<a>', '..', '....', '\r\n', '  '],
]

function line(next: () => number): string {
  const pick = () => pieces[Math.floor(next() * pieces.length)]!
  const [length, glue] = [1 + Math.floor(next() * 40), next()]
  return Array.from({ length }, () => pick() + (next() < glue ? ' ' : '')).join('')
}

/** Lines of which one scanner, that reads all of them, says something else than their text alone. */
function misread(lines: readonly string[]): readonly string[] {
  const scan = openLineScanner()
  return lines.filter((one) => scan(one).join('\n') !== slowScan(one).join('\n'))
}

test('whatever came before, a line has the skeleton that its text alone gives', () => {
  const next = seededRandom(11)
  const lines = Array.from({ length: 2500 }, () => line(next))
  // Each line again with one piece changed, so that what is expected to come next often does not.
  const changed = lines.map((one) => one.replace(/order|true|ms|[:=]/, pieces[Math.floor(next() * pieces.length)]!))
  expect(misread([...lines, ...changed, ...lines])).toEqual([])
})

test.each(inventedFormats)('lines of services too: $name', (format) => {
  expect(misread(inventedLines(format, 300, random(3)).lines)).toEqual([])
})

test('more words than are remembered change nothing', () => {
  const next = seededRandom(12)
  const word = () => String.fromCharCode(...Array.from({ length: 5 }, () => 97 + Math.floor(next() * 26)))
  const scan = openLineScanner()
  for (let i = 0; i < 8000; i += 1) scan(Array.from({ length: 9 }, word).join(' '))
  expect(misread(['order 7 is paid', 'order 8 is paid', Array.from({ length: 9 }, word).join(' ')])).toEqual([])
})

test.each([
  ['hexadecimal groups that end in no address', `${'a:'.repeat(1500)}g`],
  ['equals signs with brackets that nothing closes', '={'.repeat(1200)],
  ['empty values', 'a= '.repeat(900)],
  ['quotes', '"\''.repeat(1200)],
  ['dots', 'a.. '.repeat(700)],
  ['one word', 'a'.repeat(5000)],
  ['angle brackets', '<1'.repeat(1200)],
  ['labels of a host', `${'a.'.repeat(1200)}com:8080`],
  ['spaces', `x${' '.repeat(3000)}=`],
  ['a long line of words', 'seat '.repeat(900)],
])('what is sent to keep a scanner busy is read to its limit and no further: %s', (_, hostile) => {
  const tokens = [...openLineScanner()(hostile)]
  expect(tokens).toEqual(slowScan(hostile))
  expect(tokens.length).toBeLessThanOrEqual(257)
})
