import { describe, expect, test } from 'vitest'
import { type AlertLabels, alertArm } from '../../../src/engine/alerts/alert-arm.ts'

const deployment = {
  ...{ namespace: 'shop', service: 'checkout', environment: 'production' },
  canary: { version: '2', match: { replicaSet: ['bbb'] } },
  baseline: { version: '1', match: { replicaSet: ['aaa'] } },
}

describe('an alert is about', () => {
  test.each<[AlertLabels, ReturnType<typeof alertArm>]>([
    [{ service: 'checkout' }, 'service'],
    [{ job: 'shop/checkout' }, 'service'],
    [{ service_name: 'checkout', version: '2' }, 'canary'],
    [{ service_name: 'checkout', service_version: '1' }, 'baseline'],
    [{ app: 'checkout', rollouts_pod_template_hash: 'bbb' }, 'canary'],
    [{ app: 'checkout', replicaset: 'checkout-aaa' }, 'baseline'],
    [{ app: 'checkout', pod: 'checkout-bbb-x7k2p' }, 'canary'],
    [{ service: 'checkout', version: '3' }, null],
    [{ service: 'cart' }, null],
    [{ service: 'checkout', environment: 'staging' }, null],
    [{ service: 'checkout', env: 'production' }, 'service'],
    [{ service: 'checkout', service_namespace: 'shop' }, 'service'],
    [{ service: 'checkout', service_namespace: 'bazaar', version: '2' }, null],
    [{}, null],
  ])('%j: %s', (labels, arm) => {
    expect(alertArm(labels, deployment)).toBe(arm)
  })

  test.each<[AlertLabels, ReturnType<typeof alertArm>]>([
    [{ service: 'checkout', version: '2' }, 'service'],
    [{ service: 'checkout', replicaset: 'checkout-ccc' }, null],
  ])('where replica sets are compared, %j: %s', (labels, arm) => {
    const byReplicaSet = { canary: { match: { replicaSet: ['bbb'] } }, baseline: { match: { replicaSet: ['aaa'] } } }
    expect(alertArm(labels, { ...deployment, ...byReplicaSet })).toBe(arm)
  })
})
