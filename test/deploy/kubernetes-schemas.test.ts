import { expect, it } from 'vitest'
import { strict } from '../tools/kubernetes-schemas.ts'

it('closes objects that name their properties, and no others', () => {
  const given = {
    type: 'object',
    properties: {
      properties: { type: 'object', properties: { name: { type: 'string' } } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      raw: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: {} },
      port: { 'x-kubernetes-int-or-string': true },
    },
  }
  expect(strict(given)).toEqual({
    type: 'object',
    additionalProperties: false,
    properties: {
      properties: { type: 'object', additionalProperties: false, properties: { name: { type: 'string' } } },
      labels: given.properties.labels,
      raw: given.properties.raw,
      port: { type: ['integer', 'string'] },
    },
  })
})
