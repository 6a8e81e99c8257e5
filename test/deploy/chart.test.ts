import { readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Compile } from 'typebox/schema'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { filesOf, readText, readYaml, repository } from './read-deploy.ts'

type Values = { readonly [key: string]: unknown }
type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly additionalProperties?: unknown }

const chart = 'deploy/helm/davy'
const schema = JSON.parse(readText(`${chart}/values.schema.json`)) as Schema
const defaults = readYaml<Values>(`${chart}/values.yaml`)[0]!
const sets = filesOf(`${chart}/ci/*-values.yaml`)
const check = Compile(schema as object)

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As Helm puts values over defaults. */
function merged(under: Values, over: Values): Values {
  const entries = Object.entries(over).map(([key, value]) => {
    const below = under[key]
    return [key, isObject(below) && isObject(value) ? merged(below, value) : value]
  })
  return { ...under, ...Object.fromEntries(entries) }
}

function paths(value: unknown, prefix = ''): string[] {
  if (!isObject(value) || Object.keys(value).length === 0) return [prefix]
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, `${prefix}/${key}`))
}

/** The places that the schema names, and does not leave to Kubernetes or to the user. */
function named(part: Schema, prefix = ''): string[] {
  if (part.properties === undefined || part.additionalProperties !== false) return [prefix]
  return Object.entries(part.properties).flatMap(([key, inner]) => named(inner, `${prefix}/${key}`))
}

describe('values of the chart', () => {
  it('fit their schema by default, and in every set of ci/', () => {
    expect(sets.map((file) => basename(file, '-values.yaml'))).toEqual([
      'cluster',
      'embedded',
      'full',
      'minimal',
      'server',
    ])
    for (const over of [{}, ...sets.map((file) => readYaml<Values>(file)[0]!)]) {
      const value = merged(defaults, over)
      expect([...check.Errors(value)[1]].map(({ instancePath, message }) => `${instancePath} ${message}`)).toEqual([])
    }
  })

  it.each([
    ['an unknown key', { replica: 2 }],
    ['an unknown key below', { storage: { sizes: '1Gi' } }],
    ['a storage that is none', { storage: { kind: 'postgres' } }],
    ['a password in a value', { storage: { url: 'http://davy:secret@host:8123' } }],
    ['root', { podSecurityContext: { runAsNonRoot: false } }],
    ['a grace shorter than a stop takes', { terminationGracePeriodSeconds: 30 }],
    ['a variable that the shell could not hold', { env: { 'davy-port': '1' } }],
    ['a budget that lets no pod go', { podDisruptionBudget: { maxUnavailable: 0 } }],
    ['a budget that lets no pod go, as a share', { podDisruptionBudget: { maxUnavailable: '0%' } }],
    ['a host that Davy refuses', { allowedHosts: ['*.example.com'] }],
    ['a volume without a name', { extraVolumes: [{ secret: { secretName: 'davy-integrations' } }] }],
    ['a file without a place', { extraVolumeMounts: [{ name: 'integrations' }] }],
    ['a size that is none', { storage: { persistence: { size: '20GB' } } }],
  ])('do not fit with %s', (_, over) => {
    expect(check.Check(merged(defaults, over))).toBe(false)
  })

  it.each([
    ...['20Gi', '20G', '1.5Ti', '500M', '600k', '1E', '21474836480'].map((size) => ({
      storage: { persistence: { size } },
    })),
    { podDisruptionBudget: { maxUnavailable: '50%' } },
    { ingress: { hosts: [{ host: '*.example.com' }] } },
    { allowedHosts: ['davy.example.com:8443', '[fd00::1]:8080'] },
  ])('fit with %j', (over) => {
    expect(check.Check(merged(defaults, over))).toBe(true)
  })

  it('are the keys of the schema, no more and no fewer', () => {
    const known = named(schema).filter((path) => path !== '/global')
    const given = paths(defaults)
    expect(given.filter((path) => !known.some((each) => path === each || path.startsWith(`${each}/`)))).toEqual([])
    const optional = /^\/probes\/.*\/(timeoutSeconds|initialDelaySeconds|successThreshold)$/
    const missing = known.filter((each) => !given.some((path) => path === each || path.startsWith(`${each}/`)))
    expect(missing.filter((path) => !optional.test(path))).toEqual([])
  })

  it('are all read by a template', () => {
    const templates = filesOf(`${chart}/templates/*`).map(readText).join('\n')
    const unread = Object.keys(defaults).filter((key) => !templates.includes(`.Values.${key}`))
    expect(unread).toEqual([])
  })

  it('mount every file that their configuration names', () => {
    const named = sets.flatMap((file) => {
      const values = merged(defaults, readYaml<Values>(file)[0]!) as Values & {
        extraVolumeMounts: { mountPath: string }[]
      }
      const folders = ['/etc/davy/webhooks', ...values.extraVolumeMounts.map(({ mountPath }) => mountPath)]
      const files = JSON.stringify([values.config, values.env]).match(/\/etc\/davy\/[^"]+/g) ?? []
      return files.map((path) => ({ path, isMounted: folders.some((folder) => path.startsWith(`${folder}/`)) }))
    })
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter(({ isMounted }) => !isMounted)).toEqual([])
  })

  it('hold a configuration that Davy takes', () => {
    const read = new Map<string, string>()
    for (const file of sets) {
      const { config } = readYaml<{ config?: Values }>(file)[0]!
      if (config !== undefined) read.set(file, JSON.stringify(config))
    }
    expect(read.size).toBeGreaterThan(2)
    for (const file of read.keys()) {
      const load = () =>
        loadConfig({ DAVY_CONFIG: file }, (path) => read.get(path) ?? `whsec_${Buffer.alloc(32, 1).toString('base64')}`)
      expect(load).not.toThrow()
    }
  })
})

describe('what the chart brings along', () => {
  it.each([
    ['alerts', 'alerts/rules', 'yml'],
    ['dashboards', 'dashboards', 'json'],
  ])('%s are those of the repository, all of them', (folder, source, extension) => {
    const links = filesOf(`${chart}/files/${folder}/*.${extension}`)
    expect(links.map((file) => basename(file))).toEqual(
      filesOf(`${source}/*.${extension}`).map((file) => basename(file)),
    )
    for (const link of links) {
      expect(readlinkSync(join(repository, link))).toBe(`../../../../../${source}/${basename(link)}`)
      expect(readText(link)).toBe(readText(`${source}/${basename(link)}`))
    }
  })

  it('is scaled by metrics that Davy exposes', async () => {
    const { body } = await createMetrics({ version: '0', publicUrl: 'http://localhost' }).render(undefined)
    const queries = [`${chart}/templates/availability.yaml`, 'deploy/kustomize/components/keda/scaled-object.yaml']
    for (const file of queries) {
      const names = readText(file).match(/davy_[a-z_]+/g) ?? []
      expect(names.length).toBeGreaterThan(1)
      for (const name of names) expect(body).toContain(`# TYPE ${name} `)
    }
  })
})
