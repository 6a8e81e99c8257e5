import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Judgements } from '../../../src/engine/judgements/judgements.ts'
import { seriesInputs } from '../../judges/series-inputs.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const small = { judge: 'replicates', body: bytes(seriesInputs.replicates.input) } as const
/** Some tenths of a second of work. */
const values = Array.from({ length: 4000 }, (_, at) => Math.sin(at / 7) + Math.sin(at * at))
const large = { judge: 'change-points', body: bytes({ dimensions: [values] }) } as const
const never = new AbortController().signal

describe('judgements', () => {
  test('are made beside everything else', async () => {
    let turns = 0
    let isDone = false
    const answer = new Judgements().judge(large, never).finally(() => {
      isDone = true
    })
    for (; !isDone; turns++) await setImmediate()
    expect(JSON.parse(new TextDecoder().decode(await answer)).judge).toBe('change-points')
    expect(turns).toBeGreaterThan(20)
  })

  test('wait for each other, and more than nine at a time are refused', async () => {
    const judgements = new Judgements()
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => judgements.judge(small, never)))
    expect(answers.slice(0, 9).map(({ status }) => status)).toEqual(Array(9).fill('fulfilled'))
    expect(answers[9]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfterSeconds: 5 } })
    expect(await judgements.judge(small, never)).toBeInstanceOf(Uint8Array)
  })

  test('are given up when nobody wants them any more, and the next one is made', async () => {
    const judgements = new Judgements()
    const left = new AbortController()
    const waiting = new AbortController()
    const given = judgements.judge(large, left.signal)
    const neverBegun = judgements.judge(large, waiting.signal)
    const next = judgements.judge(small, never)
    waiting.abort(new Error('gone before'))
    left.abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    await expect(neverBegun).rejects.toThrow('gone before')
    expect(await next).toBeInstanceOf(Uint8Array)
  })

  test('say what is wrong with what they were given', async () => {
    const judge = (body: unknown) => new Judgements().judge({ judge: 'replicates', body: bytes(body) }, never)
    await expect(judge({})).rejects.toMatchObject({ code: 'VALIDATION', where: '/baseline', got: 'nothing' })
    const margins = { ...seriesInputs.replicates.input, margin: 3 }
    await expect(judge(margins)).rejects.toMatchObject({ code: 'UNPROCESSABLE', where: '/promoteMargin' })
  })

  test('that take more memory than they may are the request’s fault, and the process goes on', async () => {
    const body = new TextEncoder().encode(`{"lines": [${'"",'.repeat(5_300_000)}""]}`)
    const judgements = new Judgements(16)
    await expect(judgements.judge({ judge: 'log-templates', body }, never)).rejects.toMatchObject({
      ...{ code: 'UNPROCESSABLE', got: 'more than 16 MiB of memory' },
    })
    expect(await judgements.judge(small, never)).toBeInstanceOf(Uint8Array)
  })
})
