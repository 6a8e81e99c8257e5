import { describe, expect, test } from 'vitest'
import type { DataFolder } from '../../load/accuracy/data-folder.ts'
import { parseSpans, splitWindow } from '../../load/accuracy/faults-window.ts'
import { faultsMultimodal } from '../../load/accuracy/sets/faults-multimodal.ts'
import { shopMinute } from '../judges/windows/shop.ts'

const header = 'trace,span,parent,service,pod,operation,start_us,duration_us'

/**
 * An invented data set: one system, window names w0 to w6, w6 with a slow way into `price`, and w5 too where the minute
 * before the fault is mislabelled. w5 ends when w6 begins.
 */
function inventedFolder(isMislabelled = false): DataFolder {
  const files = new Map<string, string>()
  const names = [0, 1, 2, 3, 4, 5, 6].map((at) => `w${at}`)
  for (const [seed, name] of names.entries()) {
    const { spans } = shopMinute({ seed, delayMs: name === 'w6' || (isMislabelled && name === 'w5') ? 20 : 0 })
    const rows = spans.map((one) =>
      [one.trace, one.id, one.parent ?? '', one.service, 'pod', one.operation, one.startUs, one.durationUs].join(','),
    )
    files.set(`windows/${name}.spans.csv.gz`, [header, ...rows, ''].join('\n'))
  }
  const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
  files.set('windows.jsonl', lines(names.map((window, at) => ({ window, from_s: 60 * at, to_s: 60 * at + 60 }))))
  const one = { system: 'shop', service: 'price', modalities: ['traces'], kind: 'pooled_baseline' }
  files.set(
    'cases.jsonl',
    lines([
      { ...one, case_id: 'bad', baseline: { windows: names.slice(0, 5) }, canary: { window: 'w6' } },
      { ...one, case_id: 'good', baseline: { windows: names.slice(0, 5) }, canary: { window: 'w5' } },
      {
        ...one,
        case_id: 'split',
        kind: 'same_minute_split',
        baseline: { window: 'w6', split: 'trace%2==0' },
        canary: { window: 'w6', split: 'trace%2==1' },
      },
    ]),
  )
  files.set(
    'truth.jsonl',
    lines([
      { case_id: 'bad', label: 'bad', service: 'price' },
      ...['good', 'split'].map((id) => ({ case_id: id, label: 'good' })),
    ]),
  )
  const text = (file: string): string => files.get(file) ?? ''
  return {
    has: (file) => files.has(file),
    list: () => [],
    text,
    json: (file) => JSON.parse(text(file)),
    jsonLines: (file) =>
      text(file)
        .split('\n')
        .map((line) => JSON.parse(line)),
  }
}

describe('faults-multimodal', () => {
  test('every system and kind has its score, and a case that splits one minute is held', () => {
    const folder = inventedFolder()
    const seen: number[] = []
    const scores = faultsMultimodal.score(
      faultsMultimodal.judge(folder, (done) => seen.push(done)),
      folder,
    )
    expect(scores['faults-multimodal/shop/pooled_baseline']).toMatchObject({
      cases: 2,
      precision: 1,
      recall: 1,
      auc: 1,
    })
    expect(scores['faults-multimodal/shop/same_minute_split']).toMatchObject({ cases: 1, holdShare: 1 })
    expect(scores['faults-multimodal/shop/root-cause']).toEqual({ cases: 1, hitRateAt1: 1, hitRateAt3: 1 })
    expect(scores['faults-multimodal/root-cause']).toEqual({ cases: 1, hitRateAt1: 1, hitRateAt3: 1 })
    expect(seen).toEqual([1, 2, 3])
  })

  test('a minute that already holds the fault which is labelled right after it counts in the raw score alone', () => {
    for (const isMislabelled of [false, true]) {
      const folder = inventedFolder(isMislabelled)
      const scores = faultsMultimodal.score(
        faultsMultimodal.judge(folder, () => {}),
        folder,
      )
      expect(scores['faults-multimodal/shop/pooled_baseline']?.cases).toBe(2)
      expect(scores['faults-multimodal/shop/pooled_baseline/clean']?.cases).toBe(isMislabelled ? 1 : 2)
    }
  })

  test('halves share no case, and minutes are mislabelled by cases of either half', () => {
    const folder = inventedFolder(true)
    const judged = faultsMultimodal.judge(folder, () => {})
    const halves = faultsMultimodal.halve(judged).map((half) => faultsMultimodal.score(half, folder))
    const sum = (row: string) => halves.reduce((total, scores) => total + (scores[row]?.cases ?? 0), 0)
    expect(sum('faults-multimodal/shop/pooled_baseline')).toBe(2)
    expect(sum('faults-multimodal/shop/pooled_baseline/clean')).toBe(1)
    expect(sum('faults-multimodal/shop/same_minute_split')).toBe(1)
  })

  test('a case without truth is an error', () => {
    const folder = inventedFolder()
    const judged = faultsMultimodal.judge(folder, () => {})
    const empty = { ...folder, jsonLines: () => [] }
    expect(() => faultsMultimodal.score(judged, empty)).toThrow('no line in truth.jsonl')
  })

  test('spans are read with quoted operations, and other shapes are errors', () => {
    const [one] = parseSpans(`${header}\n3,1,,web,web-1,"GET ""/a,b""",5,7\n`, 'a.csv')
    expect(one).toMatchObject({ trace: '3', id: '1', parent: null, operation: 'GET "/a,b"', startUs: 5, durationUs: 7 })
    expect(() => parseSpans('trace,span\n', 'a.csv')).toThrow('a.csv: expected the columns')
    expect(() => parseSpans(`${header}\n3,1,,web,web-1,GET,now,7`, 'a.csv')).toThrow('line 2')
  })

  test('halves of a window share nothing', () => {
    const whole = shopMinute({ seed: 1 })
    const even = splitWindow(whole, 'trace%2==0')
    const odd = splitWindow(whole, 'trace%2==1')
    expect(even.spans.length + odd.spans.length).toBe(whole.spans.length)
    expect(even.logs.length + odd.logs.length).toBe(whole.logs.length)
    expect(even.spans.every(({ trace }) => Number(trace) % 2 === 0)).toBe(true)
    expect([even.cpu, odd.cpu]).toEqual([[], []])
  })
})
