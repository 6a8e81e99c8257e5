import { expect, test } from 'vitest'
import { Bus } from '../../src/engine/bus.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { aDeployment } from './samples.ts'

test('a listener that fails is logged, and the others are still told', () => {
  const lines: string[] = []
  const bus = new Bus(createLogger('error', { write: (line: string) => void lines.push(line) }))
  const heard: string[] = []
  bus.subscribe(() => {
    throw new Error('closed stream')
  })
  const end = bus.subscribe(({ data }) => heard.push(data.id))
  bus.publish({ type: 'deployment', data: aDeployment({ id: 'a' }) })
  end()
  bus.publish({ type: 'deployment', data: aDeployment({ id: 'b' }) })
  expect(heard).toEqual(['a'])
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('closed stream')
})
