import { expect, test } from 'vitest'
import { readFlaggerEvent } from '../../../src/http/integrations/flagger-events.ts'

test.each([
  ['New revision detected! Scaling up checkout.shop', { type: 'revision' }],
  ['New revision detected! Restarting analysis for checkout.shop', { type: 'revision' }],
  ['Starting canary analysis for checkout.shop', { type: 'start' }],
  ['Advance checkout.shop canary weight 5', { type: 'weight', weight: 5 }],
  ['Advance checkout.shop canary weight 100', { type: 'weight', weight: 100 }],
  ['Advance checkout.shop canary iteration 3/10', { type: 'iteration', iteration: '3/10' }],
  ['Routing all traffic to canary', { type: 'weight', weight: 100 }],
  ['Promotion completed! Scaling down checkout.shop', { type: 'ended', outcome: 'promoted' }],
  ['Rolling back checkout.shop manual webhook invoked', { type: 'ended', outcome: 'rolled-back' }],
  ['Canary failed! Scaling down checkout.shop', { type: 'ended', outcome: 'rolled-back' }],
])('%s', (message, event) => {
  expect(readFlaggerEvent(message)).toEqual(event)
})

test.each([
  '',
  'Advance checkout.shop primary weight 40',
  'Halt checkout.shop advancement waiting for traffic increase approval davy-step',
  'Routing all traffic to primary',
  'Initialization done! checkout.shop',
  'Confirm-rollout: New revision detected! Scaling up',
])('"%s" changes nothing', (message) => {
  expect(readFlaggerEvent(message)).toBeNull()
})
