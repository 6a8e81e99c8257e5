import { expect, test } from 'vitest'
import { type BodyMaker, otlpMakers } from '../../load/ingest/fuzz-makers.ts'
import { remoteWriteMakers } from '../../load/ingest/fuzz-remote-write.ts'
import { fuzz } from '../../load/ingest/fuzz-run.ts'
import type { Signal } from '../../src/engine/ingest/signals.ts'

const seed = Number(process.env.FUZZ_SEED ?? 20_261_121)

function run(makers: readonly BodyMaker<Signal>[], bodies: number) {
  const quiet = { beat: () => undefined, progress: () => undefined }
  return fuzz({ makers, bodies, first: 0, seed, batch: bodies, ...quiet })
}

test('damaged bodies of every way in harm nobody: every row is what was sent', async () => {
  const now = Date.now()
  const makers = [...otlpMakers(seed, now), ...remoteWriteMakers(seed, now)]
  const { findings, taken, rows, takenBy } = await run(makers, 9_000)
  expect(findings).toEqual([])
  expect([...takenBy.keys()].sort()).toEqual(makers.map(({ name }) => name).sort())
  expect(taken).toBeGreaterThan(1_500)
  expect(rows).toBeGreaterThan(taken)
})

test('bytes that no receiver should have taken are found, and their neighbours are stored all the same', async () => {
  const [maker] = otlpMakers(seed, Date.now())
  const careless: BodyMaker<Signal> = {
    ...maker!,
    receive: (bytes) =>
      maker!.receive(bytes) ?? { body: Uint8Array.of(0x0a, 0x7f, 0x01), kinds: new Map([['traces', 1]]) },
    rowsOf: (kind, body) => (body.length === 3 ? [] : maker!.rowsOf(kind, body)),
  }
  const { findings } = await run([careless], 60)
  expect(findings.filter((finding) => finding.includes('was put aside')).length).toBeGreaterThan(5)
  expect(findings.filter((finding) => finding.includes('NEIGHBOUR') || finding.includes('has no row'))).toEqual([])
})

test('a row too few, a row too many and a receiver that throws are found', async () => {
  const [maker] = otlpMakers(seed, Date.now())
  const forgetful = { ...maker!, rowsOf: () => [] }
  const greedy = { ...maker!, rowsOf: (kind: string, body: Uint8Array) => [...maker!.rowsOf(kind, body), 'one more'] }
  const throwing = {
    ...maker!,
    receive: () => {
      throw new RangeError('no way back')
    },
  }
  expect((await run([forgetful], 60)).findings.join('\n')).toMatch(/rows that nobody sent/)
  expect((await run([greedy], 60)).findings.join('\n')).toMatch(/has no row one more/)
  expect((await run([throwing], 3)).findings.join('\n')).toMatch(/the receiver threw RangeError: no way back/)
})
