import { expect, test } from 'vitest'
import { InFlight } from '../../../src/engine/ingest/in-flight.ts'

test('bodies are held up to the limit; one more byte is refused with 429 and changes nothing', () => {
  const inFlight = new InFlight(100)
  const [first, second] = [inFlight.hold(), inFlight.hold()]
  first.set(60)
  second.set(40)
  expect(() => second.set(41)).toThrow(
    expect.objectContaining({ code: 'OVERLOADED', status: 429, retryAfterSeconds: 2 }),
  )
  expect(inFlight.bytes).toBe(100)
  first.set(10)
  second.set(90)
  first.release()
  first.release()
  expect(inFlight.bytes).toBe(90)
  second.release()
  expect(inFlight.bytes).toBe(0)
})

test('one that becomes smaller is never refused, however full it is', () => {
  const inFlight = new InFlight(100)
  const hold = inFlight.hold()
  hold.set(100)
  hold.set(99)
  expect(inFlight.bytes).toBe(99)
})
