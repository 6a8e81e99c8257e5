import { describe, expect, test } from 'vitest'
import { DavyError } from '../../../src/domain/errors.ts'
import { maxElements } from '../../../src/receivers/remote-write/read-field.ts'
import { receiveWrite, type WriteVersion } from '../../../src/receivers/remote-write/receive.ts'
import { startBatch } from '../../../src/receivers/remote-write/write-batch.ts'
import { encodeRaw, encodeV1 } from './codec.ts'
import { now, point } from './sample-series.ts'

const limits = { nowMs: now, ttlMs: 86_400_000 }
const mebibyte = 2 ** 20

function refusal(version: WriteVersion, body: Uint8Array, maxBytes = 64 * mebibyte): DavyError {
  try {
    receiveWrite(version, body, limits, maxBytes)
  } catch (error) {
    if (error instanceof DavyError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** A field of the wire type 2 around bytes. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = []
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) | 128)
    if (rest < 128) return Buffer.concat([Buffer.of(number * 8 + 2, ...length), content])
  }
}

describe('what a body of 2.0 may become', () => {
  const long = 'é'.repeat(mebibyte / 8)
  const symbols = ['', '__name__', 'up', 'z', long]
  const samples = [point(1)]
  const uses = (count: number, series: object) => encodeRaw(symbols, Array(count).fill({ samples, ...series }))

  test.each([
    ['a label', { labels_refs: [1, 2, 3, 4] }],
    ['a help', { labels_refs: [1, 2], metadata: { help_ref: 4 } }],
    ['a unit', { labels_refs: [1, 2], metadata: { unit_ref: 4 } }],
    [
      'the label of an exemplar',
      { labels_refs: [1, 2], exemplars: [{ labels_refs: [3, 4], value: 1, timestamp: now }] },
    ],
    ['a label of what is left out', { labels_refs: [3, 4] }],
  ])('%s, long and used again and again, is refused at the limit', (_name, series) => {
    expect(receiveWrite('2.0', uses(3, series), limits, mebibyte)).toMatchObject({ ok: true })
    const error = refusal('2.0', uses(5, series), mebibyte)
    expect(error).toMatchObject({ code: 'BODY_TOO_LARGE', status: 413, expected: `at most ${mebibyte} bytes` })
    expect(error.got).toMatch(/^at least \d+ bytes, from \d+ bytes/)
  })

  test('labels that are written once for each kind of point count each time', () => {
    const histograms = [
      { schema: 0, timestamp: now },
      { schema: -53, custom_values: [1], timestamp: now },
    ]
    const body = uses(2, { labels_refs: [1, 2, 3, 4], histograms })
    expect(refusal('2.0', body, mebibyte)).toMatchObject({ code: 'BODY_TOO_LARGE' })
    expect(receiveWrite('2.0', body, limits, 2 * mebibyte)).toMatchObject({ ok: true, histograms: 4 })
  })

  test('a symbol that is not UTF-8 spoils the series that use it, and no other', () => {
    const spoilt = Buffer.from(encodeRaw(['', '__name__', 'up', '????'], []))
    spoilt.fill(0xff, spoilt.indexOf('????'))
    const series = [{ labels_refs: [1, 3] }, { labels_refs: [1, 2] }, { labels_refs: [1, 3] }]
    const body = Buffer.concat([
      spoilt,
      encodeRaw(
        [],
        series.map((each) => ({ ...each, samples })),
      ),
    ])
    expect(receiveWrite('2.0', body, limits)).toMatchObject({
      samples: 1,
      rejected: [{ reason: 'not-utf8', count: 2 }],
    })
  })
})

describe('tiny messages', () => {
  const empty = Buffer.of(2, 0)
  const tiny = (number: number, count: number) => Buffer.alloc(2 * count, Buffer.of(number * 8 + empty[0]!, 0))
  const packed = (number: number) => field(number, Buffer.alloc(maxElements))

  test.each<[string, WriteVersion, () => Uint8Array]>([
    ['samples', '1.0', () => field(1, tiny(2, maxElements))],
    ['labels', '1.0', () => field(1, tiny(1, maxElements))],
    ['exemplars', '1.0', () => field(1, tiny(3, maxElements))],
    ['labels of an exemplar', '1.0', () => field(1, field(3, tiny(1, maxElements)))],
    ['histograms', '1.0', () => field(1, tiny(4, maxElements))],
    ['spans', '1.0', () => field(1, field(4, tiny(11, maxElements)))],
    ['buckets', '1.0', () => field(1, field(4, packed(12)))],
    ['series', '1.0', () => tiny(1, maxElements + 1)],
    ['symbols', '2.0', () => tiny(4, maxElements + 1)],
    ['samples', '2.0', () => field(5, tiny(2, maxElements))],
    ['histograms', '2.0', () => field(5, tiny(3, maxElements))],
    ['exemplars', '2.0', () => field(5, tiny(4, maxElements))],
    ['references', '2.0', () => Buffer.concat([tiny(4, 1), field(5, packed(1))])],
  ])('too many %s in %s are refused', (_name, version, body) => {
    const error = refusal(version, body())
    expect(error).toMatchObject({ code: 'BODY_TOO_LARGE', status: 413 })
    expect(error.expected).toContain(`${maxElements}`)
  })

  test('a large body of a usual sender is far from the limit', () => {
    const labels = Array.from({ length: 20 }, (_, at) => ({ name: at === 0 ? '__name__' : `l${at + 10}`, value: 'v' }))
    const series = Array(10_000).fill({ labels, samples: [point(1)] })
    expect(receiveWrite('1.0', encodeV1(series), limits)).toMatchObject({ ok: true, samples: 10_000 })
  })

  test('the gaps of histograms take at most 64 MiB, eight bytes a bucket', () => {
    const body = Buffer.alloc(64 * mebibyte)
    const { spareBuckets } = startBatch(body, new DataView(body.buffer), limits, 1, body.length)
    expect(spareBuckets * 8).toBe(64 * mebibyte)
  })
})
