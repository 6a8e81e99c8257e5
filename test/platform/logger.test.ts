import { expect, test } from 'vitest'
import { createLogger } from '../../src/platform/logger.ts'
import { inSpan, spanIds, startContext } from './span-context.ts'

function record() {
  const lines: Record<string, unknown>[] = []
  return { lines, stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
}

test('secrets are not written, however deep they lie', () => {
  const { lines, stream } = record()
  const secrets = { authorization: 'hunter2', token: 'hunter2', secrets: ['hunter2'], 'set-cookie': 'hunter2' }
  createLogger('info', stream).info({ ...secrets, req: { headers: secrets, a: { b: secrets } } }, 'request')
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(lines[0]).toMatchObject({ level: 'info', msg: 'request', token: '[redacted]' })
})

test('lines below the level are not written', () => {
  const { lines, stream } = record()
  const logger = createLogger('warn', stream)
  logger.info('no')
  logger.warn('yes')
  expect(lines.map(({ msg }) => msg)).toEqual(['yes'])
})

test('a line inside a span carries its ids, one outside carries none', async () => {
  const tracing = startContext()
  const { lines, stream } = record()
  const logger = createLogger('info', stream)
  inSpan(1, () => logger.info('inside'))
  logger.info('outside')
  expect(lines[0]).toMatchObject({ trace_id: spanIds.traceId, span_id: spanIds.spanId, trace_flags: '01' })
  expect(lines[1]).not.toHaveProperty('trace_id')
  await tracing.stop()
})
