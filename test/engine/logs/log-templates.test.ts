import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { openLogs } from '../../../src/engine/logs/open-logs.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { LogTemplatesWriter } from '../../../src/storage/log-templates-writer.ts'
import { RollupReader } from '../../../src/storage/rollup-reader.ts'
import { type Line, type LogLab, openLogLab } from './log-lab.ts'

const start = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000
const now = start + 600_000
let lab: LogLab
beforeAll(async () => {
  lab = await openLogLab()
})
afterAll(() => lab.close())

/** What both cohorts of a service log as this process sees it, which knows nothing but what is stored. */
async function compare(service: string, canary: string) {
  const { templates } = openLogs({
    ...{ storage: lab.storage, facts: lab.facts, rollups: new RollupReader(lab.storage), now: () => now },
    log: createLogger('silent', { write: () => {} }),
    ...{ newId: () => 'none', oldestUnstoredAt: () => null, retentionDays: 7, offset: 0 },
  })
  const deployment = {
    ...{ id: 'd', namespace: '', service, environment: 'default', strategy: 'canary' },
    ...{ canary: { version: canary }, baseline: { version: '1' }, startedAt: new Date(start).toISOString() },
  }
  return templates.compare(deployment as unknown as Deployment, now)
}

let traces = 0
function trace(): string {
  traces += 1
  return traces.toString(16).padStart(32, '0')
}

function errors(service: string, version: string, count: number, body: (i: number) => string, at = start): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ at: at + i, service, version, severity: 17, body: body(i), traceId: trace() },
  }))
}

function spans(service: string, version: string, count: number, pod = `pod-${version}`) {
  return Array.from({ length: count }, (_, i) => ({ at: start + i, service, version, pod, traceId: trace() }))
}

const ticks = [start - 20_000, start, start + 10_000]

test('what both cohorts log becomes templates together, whichever process counted it and in which order', async () => {
  const names = ['amber', 'birch', 'cedar', 'dahlia', 'elder', 'fern']
  for (const service of ['one', 'other']) {
    await lab.storeSpans([...spans(service, '1', 40), ...spans(service, '2', 40)])
    // Four names by the baseline, two by the canary, some of each before the start: no part of them makes a variable alone.
    await lab.store([
      ...errors(service, '1', 4, (i) => `queue of ${names[i % 2]} is empty`, ticks[0]),
      ...errors(service, '1', 4, (i) => `queue of ${names[2 + (i % 2)]} is empty`, ticks[1]),
      ...errors(service, '2', 4, (i) => `queue of ${names[4 + (i % 2)]} is empty`, ticks[2]),
    ])
  }
  const [first, second] = [lab.miner(() => now), lab.miner(() => now)]
  await first.mineNow('one', start - 20_000, start + 20_000)
  await second.mineNow('other', start + 10_000, start + 20_000)
  await first.mineNow('other', start - 20_000, start + 10_000)
  const one = await compare('one', '2')
  expect(one).toMatchObject([
    {
      template: { text: 'queue of <*> is empty', skeletons: { length: 6 } },
      ...{ change: 'same', firstVersion: '1', firstSeen: ticks[0] },
      arms: { baseline: { requests: 4, of: 40 }, canary: { requests: 4, of: 40 } },
    },
  ])
  expect(await compare('other', '2')).toEqual(one)
})

test('by request a template is new, more often, vanished or as before, and since which version', async () => {
  const service = 'shop'
  const text = (word: string) => () => `the ${word} failed`
  await lab.storeSpans([
    ...[...spans(service, '1', 200), ...spans(service, '2', 100)],
    ...[...spans(service, '3', 5), ...spans(service, '2', 1, 'bare')],
  ])
  await lab.store([
    ...['ledger', 'printer', 'cache'].flatMap((word) => errors(service, '1', 1, text(word), start - 60_000)),
    ...[...errors(service, '1', 20, text('ledger')), ...errors(service, '2', 10, text('ledger'))],
    ...[...errors(service, '1', 10, text('printer')), ...errors(service, '2', 20, text('printer'))],
    ...[...errors(service, '1', 20, text('cache')), ...errors(service, '2', 1, text('wallet'))],
    // It names no version and no trace: where its pod answers requests.
    { at: start, service, severity: 21, body: 'the disk is full', pod: 'bare' },
  ])
  await lab.miner(() => now).mineNow(service, start - 60_000, start + 10_000)
  const changes = async (canary: string) =>
    Object.fromEntries(
      (await compare(service, canary)).map(({ template, change, firstVersion, severity }) => [
        template.text,
        [change, firstVersion, severity],
      ]),
    )
  expect(await changes('2')).toEqual({
    'the wallet failed': ['new', '2', 17],
    'the disk is full': ['new', '2', 21],
    'the printer failed': ['increased', '1', 17],
    'the cache failed': ['vanished', '1', 17],
    'the ledger failed': ['same', '1', 17],
  })
  // Five requests, and none of a version that never answered, are too few to miss anything among them.
  for (const canary of ['3', '4']) {
    expect(Object.values(await changes(canary)).map(([change]) => change)).toEqual(['same', 'same', 'same'])
  }
})

test('of messages that are not told apart nobody says that they are new', async () => {
  const service = 'soup'
  await lab.storeSpans([...spans(service, '1', 10), ...spans(service, '2', 10)])
  await new LogTemplatesWriter(lab.storage).add(start, 99, 0, [
    {
      ...{ at: start, namespace: '', service, environment: 'default', version: '2', cohort: '', replicaSet: '' },
      ...{ pod: '', region: '', severity: 17, skeleton: 0, lines: 2, requests: 2, firstSeen: start, lastSeen: start },
      example: 'one of them',
    },
  ])
  expect(await compare(service, '2')).toMatchObject([
    { template: { text: '(too many different messages)' }, change: 'same', arms: { canary: { requests: 2 } } },
  ])
})
