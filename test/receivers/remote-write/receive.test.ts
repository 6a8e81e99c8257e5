import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { receiveWrite, storedKinds, versionOf, type WriteVersion } from '../../../src/receivers/remote-write/receive.ts'
import { mutate, seeded } from '../otlp/mutate.ts'
import { bodyV1, bodyV2, type Decoded, decodeStored, encodeRaw, encodeV1, type TestSeries } from './codec.ts'
import { manySeries, now, point } from './sample-series.ts'

const limits = { nowMs: now, ttlMs: 86_400_000 }
const bodies = { '1.0': bodyV1, '2.0': bodyV2 } as const
const versions = ['1.0', '2.0'] as const

function take(version: WriteVersion, series: readonly TestSeries[]) {
  const received = receiveWrite(version, bodies[version](series), limits)
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  return { ...received, stored: decodeStored(received.body) }
}

function refuse(version: WriteVersion, body: Uint8Array) {
  const received = receiveWrite(version, body, limits)
  if (received.ok) throw new Error('it was taken')
  return received.error
}

const sample = point(1)
const plain: TestSeries = {
  labels: [
    ['__name__', 'up'],
    ['job', 'a'],
  ],
  samples: [sample],
}

describe('Content-Type', () => {
  test.each([
    ['application/x-protobuf', '1.0'],
    ['Application/X-Protobuf', '1.0'],
    ['application/x-protobuf;proto=prometheus.WriteRequest', '1.0'],
    ['application/x-protobuf;proto=io.prometheus.write.v2.Request', '2.0'],
    ['application/x-protobuf; Proto="io.prometheus.write.v2.Request"; q=1', '2.0'],
    ['application/x-protobuf;proto=io.prometheus.write.v3.Request', null],
    ['application/x-protobuf;proto=toString', null],
    ['application/protobuf', null],
    ['application/json', null],
    [undefined, null],
  ])('%s is %s', (type, version) => {
    expect(versionOf(type)).toBe(version)
  })
})

describe.each(versions)('Remote-Write %s', (version) => {
  test('a series of 1.0 that needs no change keeps its bytes; a stored body is one that a recovery takes', () => {
    const { stored, kinds, samples, body } = take(version, [plain])
    expect(stored.gauge).toEqual([
      {
        labels: [
          { name: '__name__', value: 'up' },
          { name: 'job', value: 'a' },
        ],
        samples: [sample],
        exemplars: [],
        points: [],
      },
    ])
    expect([...kinds]).toEqual([['gauge', 1]])
    expect(samples).toBe(1)
    expect([...storedKinds(body)!]).toEqual(['gauge'])
    if (version === '1.0') expect(Buffer.from(body)).toEqual(Buffer.from(bodyV1([plain])))
  })

  test.each([
    ['http_requests_total', 'sum'],
    ['x_bucket', 'sum'],
    ['x_count', 'sum'],
    ['x_sum', 'sum'],
    ['_total', 'sum'],
    ['x_created', 'gauge'],
    ['total', 'gauge'],
    ['up', 'gauge'],
    ['target_info', 'gauge'],
  ])('by its name alone %s is a %s', (name, kind) => {
    expect([...take(version, [{ ...plain, labels: [['__name__', name]] }]).kinds.keys()]).toEqual([kind])
  })

  test('labels are put in order, and those with an empty value are left out', () => {
    const labels = [
      ['job', 'a'],
      ['empty', ''],
      ['Z', '1'],
      ['__name__', 'up'],
      ['jo', 'b'],
    ] as const
    const { stored, rejected } = take(version, [{ ...plain, labels }])
    expect(rejected).toEqual([])
    expect(stored.gauge[0].labels.map(({ name }: { name: string }) => name)).toEqual(['Z', '__name__', 'jo', 'job'])
  })

  test.each<[string, TestSeries['labels'], RegExp]>([
    ['no-metric-name', [['job', 'a']], /timeseries\[1\] \{"job"="a"\}/],
    [
      'no-metric-name',
      [
        ['__name__', ''],
        ['job', 'a'],
      ],
      /timeseries\[1\]/,
    ],
    ['no-metric-name', [], /timeseries\[1\] \{\}/],
    [
      'duplicate-label',
      [
        ['__name__', 'up'],
        ['a', '1'],
        ['a', '2'],
      ],
      /"a"="1", "a"="2"/,
    ],
    [
      'duplicate-label',
      [
        ['a', '1'],
        ['__name__', 'up'],
        ['a', '1'],
      ],
      /timeseries\[1\]/,
    ],
    [
      'empty-label-name',
      [
        ['', 'x'],
        ['__name__', 'up'],
      ],
      /""="x"/,
    ],
  ])('%s: the series is left out and told, its neighbours are taken', (reason, labels, example) => {
    const { rejected, samples, stored } = take(version, [plain, { labels, samples: [sample, point(2)] }, plain])
    expect(rejected).toEqual([{ reason, count: 2, example: expect.stringMatching(example) }])
    expect(samples).toBe(2)
    expect(stored.gauge).toHaveLength(2)
  })

  test('a label that is not UTF-8 is told', () => {
    const body = Buffer.from(
      bodies[version]([
        {
          ...plain,
          labels: [
            ['__name__', 'up'],
            ['x', 'ABCD'],
          ],
        },
      ]),
    )
    body.set([0xff], body.indexOf('ABCD'))
    expect(receiveWrite(version, body, limits)).toMatchObject({
      ok: true,
      samples: 0,
      rejected: [{ reason: 'not-utf8' }],
    })
  })

  test('samples outside the window are left out and counted; the others of their series stay', () => {
    const times = [now - 86_400_001, now - 86_400_000, now, now + 3_600_000, now + 3_600_001, 0, -5, 2 ** 60]
    const { stored, samples, rejected } = take(version, [
      { ...plain, samples: times.map((timestamp) => ({ value: 1, timestamp })) },
    ])
    expect(samples).toBe(3)
    expect(stored.gauge[0].samples.map(({ timestamp }: { timestamp: number }) => timestamp)).toEqual(times.slice(1, 4))
    expect(rejected).toEqual([
      {
        reason: 'timestamp-out-of-window',
        count: 5,
        example: expect.stringContaining('has the time 2026-11-20T09:59:59.999Z; taken is 2026-11-20'),
      },
    ])
  })

  test('a stale marker keeps its bits and says that there is no value; other NaN are values', () => {
    const body = Buffer.from(
      bodies[version]([{ ...plain, samples: [point(1.25), point(Number.NaN), point(Infinity)] }]),
    )
    const marker = Buffer.from('020000000000f07f', 'hex')
    body.set(marker, body.indexOf(Buffer.from('000000000000f43f', 'hex')))
    const received = receiveWrite(version, body, limits)
    if (!received.ok) throw new Error('refused')
    const [{ samples }] = decodeStored(received.body).gauge
    expect(samples.map(({ flags }: { flags?: number }) => flags ?? 0)).toEqual([1, 0, 0])
    expect(Buffer.from(received.body).includes(marker)).toBe(true)
    expect(received).toMatchObject({ samples: 3, nonFinite: 2 })
  })

  test('exemplars stay with their samples; those that come alone get a point without a value', () => {
    const exemplar = {
      labels: [
        ['z', '1'],
        ['trace_id', 'ab'],
      ],
      value: 2,
      timestamp: now - 9,
    } as const
    const late = { ...exemplar, timestamp: 5 }
    const labels = [['__name__', 'a_total']] as const
    const { stored, exemplars, samples, rejected } = take(version, [
      { labels, samples: [sample], exemplars: [exemplar, late] },
      { labels, exemplars: [exemplar] },
      {
        labels,
        samples: [sample],
        exemplars: [
          {
            ...exemplar,
            labels: [
              ['a', '1'],
              ['a', '2'],
            ],
          },
        ],
      },
    ])
    const kept = {
      labels: [
        { name: 'trace_id', value: 'ab' },
        { name: 'z', value: '1' },
      ],
      value: 2,
      timestamp: now - 9,
    }
    expect(stored.sum.map((series) => series.exemplars)).toEqual([[kept], [kept], []])
    expect(stored.sum[1].samples).toEqual([{ value: Number.NaN, timestamp: now - 9, flags: 1 }])
    expect({ exemplars, samples }).toEqual({ exemplars: 2, samples: 2 })
    expect(rejected.map(({ reason, count }) => [reason, count])).toEqual([
      ['timestamp-out-of-window', 1],
      ['bad-exemplar', 1],
    ])
  })

  test('a body without series, or with series without anything, is taken and nothing is stored', () => {
    expect(take(version, []).body).toHaveLength(0)
    const { body, kinds } = take(version, [{ labels: [['__name__', 'up']] }, { labels: [] }])
    expect({ bytes: body.length, kinds: [...kinds] }).toEqual({ bytes: 0, kinds: [] })
  })

  test('a body that is cut off anywhere is refused with the place, or taken where a field ends', () => {
    const body = bodies[version](manySeries)
    let refused = 0
    for (let length = 1; length < body.length; length++) {
      const received = receiveWrite(version, body.subarray(0, length), limits)
      if (received.ok) decodeStored(received.body)
      else refused += 1
    }
    expect(refused).toBeGreaterThan(body.length * 0.9)
    expect(refuse(version, body.subarray(0, body.length - 1))).toMatchObject({
      where: 'the message',
      expected: /length/,
    })
  })

  test('mutated bodies never crash, and what passes is a stored body that an independent decoder reads', () => {
    const random = seeded(7)
    const body = bodies[version](manySeries)
    let taken = 0
    for (let round = 0; round < 4000; round++) {
      const received = receiveWrite(version, mutate(body, random), limits)
      if (!received.ok) continue
      taken += 1
      const stored = decodeStored(received.body)
      expect([...storedKinds(received.body)!].sort()).toEqual([...received.kinds.keys()].sort())
      expect(pointsOf(stored)).toBeGreaterThanOrEqual(received.samples + received.histograms)
    }
    expect(taken).toBeGreaterThan(200)
  })

  test('whatever the series, everything that is taken is in the stored body once', () => {
    const word = fc.string({ minLength: 1, maxLength: 70, unit: 'grapheme' })
    const series = fc.record({
      labels: fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name, maxLength: 6 }),
      name: fc.constantFrom('up', 'a_total', 'b_bucket', 'ünï'),
      values: fc.array(fc.double(), { minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.array(series, { maxLength: 8 }), (list) => {
        const { stored, rejected } = take(
          version,
          list.map(({ labels, name, values }) => ({
            labels: [['__name__', name], ...labels.filter(([label]) => label !== '__name__')] as never,
            samples: values.map(point),
          })),
        )
        expect(rejected).toEqual([])
        const expected = list.map(({ labels, name, values }) => {
          const all = [['__name__', name], ...labels.filter(([label]) => label !== '__name__')] as [string, string][]
          return [name, Object.fromEntries(all), values.map((value) => (value === 0 ? 0 : value))]
        })
        const found = [...stored.gauge, ...stored.sum].map(({ labels, samples }) => {
          const map = Object.fromEntries(
            labels.map((label: { name: string; value: string }) => [label.name, label.value]),
          )
          return [map.__name__, map, samples.map(({ value = 0 }) => (value === 0 ? 0 : value))]
        })
        const sorted = (items: unknown[]) => items.map((item) => JSON.stringify(item, sortKeys)).sort()
        expect(sorted(found)).toEqual(sorted(expected))
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return String(value)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function pointsOf(stored: Decoded): number {
  return Object.values(stored)
    .flat()
    .reduce((sum, { samples, points }) => sum + samples.length + points.length, 0)
}

describe('Remote-Write 1.0', () => {
  test('fields that nobody knows do not get into a segment, where they would mean something else', () => {
    const body = Buffer.from(bodyV1([plain]))
    const inside = Buffer.concat([body.subarray(2), Buffer.from('2a021802', 'hex')])
    const around = Buffer.concat([
      Buffer.from([0x0a, inside.length]),
      inside,
      Buffer.from('1200220120', 'hex').subarray(0, 2),
    ])
    const received = receiveWrite('1.0', around, limits)
    if (!received.ok) throw new Error(JSON.stringify(received.error))
    expect(Buffer.from(received.body)).toEqual(body)
  })

  test('metadata is checked and not kept', () => {
    const metadata = [{ type: 1, metric_family_name: 'up', help: 'is it?', unit: '' }]
    const received = receiveWrite('1.0', encodeV1([], metadata), limits)
    expect(received).toMatchObject({ ok: true, samples: 0, rejected: [] })
    const cut = encodeV1([], metadata).slice()
    cut[5] = 0x7f
    expect(refuse('1.0', cut).where).toMatch(/metadata|metric/)
  })
})

describe('Remote-Write 2.0', () => {
  const labels_refs = [1, 2]
  const samples = [sample]

  test.each([
    [
      'a reference beyond the symbols',
      encodeRaw(['', '__name__', 'up'], [{ labels_refs: [1, 3], samples }]),
      /one of the 3 symbols/,
      '3',
    ],
    ['half a label', encodeRaw(['', '__name__', 'up'], [{ labels_refs: [1, 2, 1], samples }]), /pairs/, '3'],
    ['no symbols at all', encodeRaw([], [{ labels_refs, samples }]), /one of the 0 symbols/, '1'],
    [
      'a first symbol that is not empty',
      encodeRaw(['__name__', 'up'], [{ labels_refs: [0, 1], samples }]),
      /empty text/,
      'another one',
    ],
    [
      'a help text that is not there',
      encodeRaw(['', '__name__', 'up'], [{ labels_refs, samples, metadata: { help_ref: 9 } }]),
      /one of the 3/,
      '9',
    ],
    [
      'an exemplar with a bad reference',
      encodeRaw(['', '__name__', 'up'], [{ labels_refs, samples, exemplars: [{ labels_refs: [1, 7] }] }]),
      /one of the 3/,
      '7',
    ],
  ])('%s refuses the body', (_name, body, expected, got) => {
    const error = refuse('2.0', body)
    expect(error.expected).toMatch(expected)
    expect(error.got).toBe(got)
    expect(error.offset).toBeGreaterThan(-1)
  })

  test('the type decides, whatever the name says; help and unit are kept', () => {
    const of = (name: string, type: number): TestSeries => ({
      labels: [['__name__', name]],
      samples: [sample],
      metadata: { type, help: `help of ${name}`, unit: 's' },
    })
    const { stored } = take('2.0', [
      of('a', 1),
      of('a_created', 1),
      of('b_total', 2),
      of('c_bucket', 3),
      of('d_bucket', 4),
      of('e_sum', 5),
      of('e', 5),
      of('f_total', 6),
      of('g', 7),
      of('h_total', 0),
    ])
    const names = (list: Decoded['sum']) => list.map(({ labels }) => labels[0].value)
    expect(names(stored.sum)).toEqual(['a', 'c_bucket', 'e_sum', 'h_total'])
    expect(names(stored.gauge)).toEqual(['a_created', 'b_total', 'd_bucket', 'e', 'f_total', 'g'])
    expect(stored.sum[0]).toMatchObject({ help: 'help of a', unit: 's' })
  })

  test('a start is kept, of a sample or of the series as senders once wrote it, and is unknown when it lies after the time', () => {
    const start = (start_timestamp: number) => ({ ...sample, start_timestamp })
    const { stored } = take('2.0', [
      { ...plain, samples: [start(now - 50), start(0), start(now + 1), start(-1)] },
      { ...plain, samples: [start(0), start(now - 7)], created_timestamp: now - 100 },
    ])
    const starts = stored.gauge.map((series) => series.samples.map(({ start: at = 0 }: { start?: number }) => at))
    expect(starts).toEqual([
      [now - 50, 0, 0, 0],
      [now - 100, now - 7],
    ])
  })

  test('symbols may come after the series that use them', () => {
    const [symbols, series] = [encodeRaw(['', '__name__', 'up'], []), encodeRaw([], [{ labels_refs, samples }])]
    expect(receiveWrite('2.0', Buffer.concat([series, symbols]), limits)).toMatchObject({ ok: true, samples: 1 })
  })

  test('a body of 1.0 that says it is of 2.0 has nothing in it, and the other way round', () => {
    expect(receiveWrite('2.0', bodyV1([plain]), limits)).toMatchObject({ ok: true, samples: 0 })
    expect(receiveWrite('1.0', bodyV2([plain]), limits)).toMatchObject({ ok: true, samples: 0 })
  })
})
