import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type Davy, startDavy } from '../../davy.ts'
import { type Caller, callerOf } from '../client.ts'

const deploy = resolve(import.meta.dirname, '../../../deploy')

// biome-ignore lint/suspicious/noExplicitAny: manifests of any kind, looked at with matchers
type Manifest = any

function manifestsIn(folder: string): Manifest[] {
  const files = readdirSync(resolve(deploy, folder)).filter((file) => file.endsWith('.yaml'))
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(resolve(deploy, folder, file), 'utf8')).map((document) => {
      if (document.errors.length > 0) throw new Error(`${folder}/${file}: ${document.errors[0]?.message}`)
      return document.toJS()
    }),
  )
}

const manifests = [...manifestsIn('argo-rollouts'), ...manifestsIn('flagger')]
const named = (name: string): Manifest => {
  const found = manifests.find(({ metadata }) => metadata.name === name)
  if (found === undefined) throw new Error(`no manifest is named ${name}`)
  return found
}

const ofKind = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind)

/** All texts within a manifest; those that are YAML documents themselves are looked into. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string')
    return /^[\w-]+:\s/.test(value) && value.includes('\n') ? textsIn(parse(value)) : [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

const paths = new Set(
  manifests.flatMap(textsIn).flatMap((text) => {
    const [, path] =
      /^(?:https?:\/\/[^/\s]+|\{\{args\.davy-url\}\})?(\/(?:integrations|kayenta)[\w/-]*)$/.exec(text) ?? []
    return path === undefined ? [] : [path]
  }),
)

let davy: Davy
let call: Caller
beforeAll(async () => {
  davy = await startDavy()
  call = callerOf(davy)
})
afterAll(() => davy?.stop())

describe('the paths in the manifests', () => {
  test('were found', () => {
    expect([...paths].sort()).toEqual(
      [
        '/integrations/argo-rollouts/measure',
        '/integrations/argo-rollouts/notifications',
        ...[
          'confirm-promotion',
          'confirm-rollout',
          'confirm-traffic-increase',
          'event',
          'post-rollout',
          'rollback',
        ].map((hook) => `/integrations/flagger/${hook}`),
        '/integrations/prometheus',
        '/kayenta',
      ].sort(),
    )
  })

  test.each([...paths].filter((path) => path !== '/kayenta' && path !== '/integrations/prometheus'))(
    '%s is there and takes what is posted',
    async (path) => {
      expect(await call('POST', path, {})).toMatchObject({ status: 400, body: { code: 'VALIDATION' } })
    },
  )

  test('the bases of Prometheus and Kayenta have what is called below them', async () => {
    expect((await call('GET', '/integrations/prometheus/api/v1/query?query=vector(1)')).status).toBe(200)
  })
})

describe("Argo's analyses", () => {
  const metricOf = (name: string) => named(name).spec.metrics[0]
  const aDayOfErrors = (24 * 3600) / 10

  test('promote at the first promote, abort at the first rollback, and wait for half an hour', () => {
    const metric = metricOf('davy-gate')
    expect(metric).toMatchObject({
      interval: '30s',
      successCondition: 'result.verdict == "promote"',
      failureCondition: 'result.verdict == "rollback"',
      failureLimit: 0,
      consecutiveSuccessLimit: 1,
      inconclusiveLimit: 60,
      consecutiveErrorLimit: aDayOfErrors,
    })
    // Argo takes no step without a count. Short of one measurement more than may wait, it would end the step by itself.
    expect(metric.count).toBe(metric.inconclusiveLimit + 1)
  })

  test('watch without a success condition, so that waiting never pauses', () => {
    const metric = metricOf('davy-watch')
    expect(metric).toMatchObject({
      failureCondition: 'result.verdict == "rollback"',
      failureLimit: 0,
      consecutiveErrorLimit: aDayOfErrors,
    })
    for (const key of ['successCondition', 'inconclusiveLimit', 'count']) expect(metric).not.toHaveProperty(key)
  })

  test('send bodies that Davy takes, and extract what it answers', async () => {
    for (const name of ['davy-gate', 'davy-watch']) {
      const { web } = metricOf(name).provider
      const args: { name: string; value?: string }[] = named(name).spec.args
      const values: Record<string, string> = { 'stable-hash': 'aaa', 'canary-hash': 'bbb', rollout: 'checkout' }
      const filled = JSON.stringify(web.jsonBody).replaceAll(/\{\{args\.([\w-]+)\}\}/g, (_all, arg: string) => {
        const declared = args.find((each) => each.name === arg)
        if (declared === undefined) throw new Error(`${name} uses the argument ${arg} and does not declare it`)
        return values[arg] ?? declared.value ?? 'x'
      })
      const { status, body } = await call('POST', '/integrations/argo-rollouts/measure', filled)
      expect([status, web.jsonPath, body.gate.verdict]).toEqual([200, '{$.gate}', 'wait'])
    }
  })

  test('get from the example every argument that has no value', () => {
    const rollout = ofKind('Rollout').spec.strategy.canary
    const analyses = [rollout.analysis, ...rollout.steps.map((step: Manifest) => step.analysis).filter(Boolean)]
    expect(analyses).toHaveLength(3)
    for (const { templates, args } of analyses) {
      const given = args.map(({ name }: { name: string }) => name)
      const needed = named(templates[0].templateName).spec.args.filter(
        (arg: Manifest) => !('value' in arg || 'valueFrom' in arg),
      )
      expect(given).toEqual(expect.arrayContaining(needed.map(({ name }: { name: string }) => name)))
    }
  })

  test('go on for a day while a Kayenta measurement fails', () => {
    expect(named('davy-kayenta').spec.metrics[0]).toMatchObject({
      failureLimit: 0,
      consecutiveErrorLimit: aDayOfErrors,
    })
  })
})

test('the notifications are JSON that Davy takes, whatever the status of a Rollout lacks', async () => {
  const { data } = named('argo-rollouts-notification-configmap')
  const templates = Object.keys(data).filter((key) => key.startsWith('template.'))
  const triggered = Object.keys(data)
    .filter((key) => key.startsWith('trigger.'))
    .flatMap((key) => parse(data[key])[0].send)
  expect(templates.map((key) => key.slice('template.'.length)).sort()).toEqual(triggered.sort())
  for (const key of templates) {
    const { method, path, body } = parse(data[key]).webhook.davy
    expect(method).toBe('POST')
    // As Go's templates fill it in for a Rollout that has a namespace, a name and a hash, and nothing else.
    const filled = body
      .replaceAll(/\{\{ with [\s\S]*?\}\}null\{\{ end \}\}\{\{ else \}\}null\{\{ end \}\}/g, 'null')
      .replaceAll(/\{\{ toJson \.rollout\.(metadata\.\w+|status\.currentPodHash) \}\}/g, '"checkout"')
      .replaceAll(/\{\{ toJson \.rollout\.status\.\w+ \}\}/g, 'null')
    expect(await call('POST', path, filled)).toMatchObject({ status: 200, body: { deploymentId: null } })
  }
})

test('Flagger fails no check by an outage: none of its hooks counts, and none is tried for long', () => {
  const canaries = manifests.filter(({ kind }) => kind === 'Canary')
  expect(canaries.map(({ spec }) => spec.provider)).toEqual(expect.arrayContaining(['nginx', 'kubernetes']))
  for (const { spec } of canaries) expect(spec.analysis.interval).toBe('30s')
  for (const { type, url, timeout } of canaries.flatMap(({ spec }) => spec.analysis.webhooks)) {
    expect(url).toMatch(new RegExp(`^http://flagger:TOKEN@[^/]+/integrations/flagger/${type}$`))
    expect(['rollout', 'pre-rollout']).not.toContain(type)
    expect(Number.parseInt(timeout, 10)).toBeLessThanOrEqual(5)
  }
})

test('the MetricTemplate asks what the facade understands', async () => {
  const { query, provider } = named('davy-rollback').spec
  expect(provider.type).toBe('prometheus')
  const filled = query.replaceAll(/\{\{ \w+ \}\}/g, 'checkout')
  const path = `${new URL(provider.address).pathname}/api/v1/query?query=${encodeURIComponent(filled)}`
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { status: 'success' } })
})
