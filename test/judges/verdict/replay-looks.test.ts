import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/domain/deployment.ts'
import { openTrial } from '../../../src/judges/sequential/open-trial.ts'
import { jsonDifferences } from '../../../src/judges/verdict/json-differences.ts'
import { type RecordedLook, replayLooks } from '../../../src/judges/verdict/replay-looks.ts'
import { RunningTrial } from '../../../src/judges/verdict/running-trial.ts'
import { verdictOf } from '../../../src/judges/verdict/verdict-of.ts'
import { aDeployment } from '../../engine/samples.ts'
import { quickTemplate, rollout } from '../rollout.ts'

const idOf = (at: number, look: number) => `${at}/${look}`
const opened = aDeployment({ template: quickTemplate, templateDigest: 'a', mode: 'observe' })
const stricter = { ...quickTemplate, alpha: 0.001 }
const adopted: Deployment = { ...opened, template: stricter, templateDigest: 'b', mode: 'enforce' }
const word = { at: '2026-11-21T10:01:00Z', decision: 'promote', reason: 'by eye', by: 'ann' } as const
const overridden: Deployment = { ...adopted, override: word }
const closed: Deployment = { ...overridden, status: 'closed', outcome: 'aborted', endedAt: '2026-11-21T10:02:00Z' }
const states = [opened, adopted, overridden, closed]
const slices = rollout({ seed: 3, seconds: 100 })

/** What an engine writes down that sees the deployment in these states, one a look; null: a look without a slice. */
function recorded(seen: readonly Deployment[], ofSlices: readonly (number | null)[]): RecordedLook[] {
  const looks: RecordedLook[] = []
  let trial = RunningTrial.start(seen[0]!, { reference: [[800, 5]] }, openTrial)
  for (const [look, state] of seen.entries()) {
    if (state.templateDigest !== trial.templateDigest) {
      trial = RunningTrial.reopen(state, looks[0], openTrial)
      for (const one of looks) trial.take(one)
    }
    const slice = ofSlices[look] === null ? null : slices[ofSlices[look]!]!
    const at = (slice?.to ?? slices[Math.max(...ofSlices.slice(0, look).map((one) => one ?? 0), 0)]!.to) + 5000
    const conclusion = slice === null ? trial.conclude(at) : trial.observe(slice, at)
    const frame = { id: idOf(at, look), look, at, engine: 'davy/old', publicUrl: 'http://davy.test/at' }
    const verdict = verdictOf(state, conclusion, frame)
    trial.record(verdict)
    const evidence = look === 0 ? { slice: null, reference: [[800, 5]] as const } : { slice }
    looks.push(JSON.parse(JSON.stringify({ look, at, evidence, verdict })))
  }
  return looks
}

const seen = [opened, opened, opened, adopted, adopted, overridden, overridden, closed]
const looks = recorded(seen, [null, 0, 1, 2, 3, null, 4, null])
const replay = (given: readonly Deployment[], of: readonly RecordedLook[] = looks) =>
  replayLooks({ states: given, looks: of, judge: openTrial, idOf })

describe('recorded looks, folded once more', () => {
  test('give the same verdicts: adopted with another template, overridden, closed', () => {
    expect(looks.map(({ verdict }) => verdict.template.digest)).toEqual([...'aaa', ...'bbbbb'])
    expect(looks.map(({ verdict }) => verdict.reason.code).slice(5)).toEqual(['OVERRIDDEN', 'OVERRIDDEN', 'OVERRIDDEN'])
    expect(replay(states)).toEqual([])
  })

  test('differ where the deployment never was like that', () => {
    const differing = (given: readonly Deployment[]) => [...new Set(replay(given).map(({ look }) => look))]
    expect(differing([opened])).toEqual([3, 4, 5, 6, 7])
    expect(differing([opened, adopted, closed])).toEqual([5, 6])
    expect(differing([adopted, overridden, closed])).toEqual([0, 1, 2])
  })

  test('differ when a later look saw an earlier state', () => {
    const back = recorded([opened, overridden, adopted], [null, 0, 1])
    expect(replay([opened, adopted, overridden], back).every(({ look }) => look === 2)).toBe(true)
    expect(replay([opened, adopted, overridden], back)).not.toEqual([])
  })

  test('differ from the first slice on that was another one', () => {
    const other = looks.map((one, index) =>
      index === 2 ? { ...one, evidence: { slice: { ...slices[1]!, canary: slices[1]!.baseline } } } : one,
    )
    const found = replay(states, other).map(({ look }) => look)
    expect([Math.min(...found), Math.max(...found)]).toEqual([2, 7])
  })

  test('need a deployment', () => {
    expect(() => replay([])).toThrow(RangeError)
  })
})

describe('differences of JSON values', () => {
  test.each<readonly [unknown, unknown, readonly string[]]>([
    [{ a: 1, b: [1, { c: null }] }, { a: 1, b: [1, { c: null }] }, []],
    [{ a: 1 }, { a: 2 }, ['/a']],
    [{ 'a/~b': 1 }, {}, ['/a~1~0b']],
    [{ a: [1, 2] }, { a: [1] }, ['/a/1']],
    [{ a: {} }, { a: [] }, ['/a']],
    [{ a: null }, {}, ['/a']],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, ['']],
    [1, 2, ['']],
  ])('%j and %j differ at %j', (one, other, pointers) => {
    expect(jsonDifferences(one, other).map(({ pointer }) => pointer)).toEqual(pointers)
  })
})
