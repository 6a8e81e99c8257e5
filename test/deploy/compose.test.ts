import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { afterAll, expect, it } from 'vitest'
import { releases } from '../../deploy/compose/shop/releases.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { findToken, parseTokens, roles } from '../../src/platform/tokens.ts'
import { readText, readYaml, repository } from './read-deploy.ts'

const directory = mkdtempSync(join(tmpdir(), 'davy-secrets-'))
const secrets = join(directory, 'secrets')
const made = execFileSync(join(repository, 'deploy/compose/make-secrets.sh'), [secrets], { encoding: 'utf8' })
const secret = (name: string) => readFileSync(join(secrets, name), 'utf8')

afterAll(() => rmSync(directory, { recursive: true }))

type Compose = {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}
const files = ['deploy/compose/compose.yaml', 'deploy/compose/compose.embedded.yaml']

it('make-secrets.sh makes a token of every role, and the hashes by which Davy knows them', () => {
  const tokens = parseTokens(secret('davy-tokens.yaml'), 'davy-tokens.yaml')
  expect(new Set(tokens.map(({ role }) => role))).toEqual(new Set(roles))
  for (const role of roles) {
    const token = secret(`davy-${role}-token`).trim()
    expect(token).toMatch(/^davy_[A-Za-z0-9_-]{43}$/)
    expect(findToken(tokens, token)?.role).toBe(role)
    expect(made).not.toContain(token)
  }
})

it('make-secrets.sh keeps what is there, and the directory to its owner', () => {
  const before = secret('davy-storage-url')
  execFileSync(join(repository, 'deploy/compose/make-secrets.sh'), [secrets])
  expect(secret('davy-storage-url')).toBe(before)
  expect(statSync(secrets).mode & 0o777).toBe(0o700)
})

it('every secret that the stacks mount is made', () => {
  for (const file of files) {
    const [compose] = readYaml<Compose>(file)
    const mounted = Object.values(compose!.secrets).map((each) => each.file)
    expect(mounted.length).toBeGreaterThan(0)
    for (const path of mounted) expect(secret(path.replace('./secrets/', '')).length).toBeGreaterThan(0)
  }
})

it('Davy takes the environment of both stacks with these secrets', () => {
  for (const file of files) {
    const [compose] = readYaml<Compose>(file)
    const read = (path: string) => {
      const name = Object.entries(compose!.secrets).find(([key]) => path === `/run/secrets/${key}`)
      return secret(name![1].file.replace('./secrets/', ''))
    }
    const config = loadConfig(compose!.services.davy!.environment!, read)
    expect(config.host).toBe('0.0.0.0')
    expect(config.storageUrl).toMatch(
      /^(http:\/\/davy:[0-9a-f]{48}@clickhouse:8123\/default|chdb:\/var\/lib\/davy\/data)$/,
    )
  }
})

it('configurations of ClickHouse are XML, with a reader that only reads', () => {
  for (const text of [secret('clickhouse-users.xml'), readText('deploy/compose/clickhouse/server.xml')]) {
    expect(XMLValidator.validate(text)).toBe(true)
  }
  const { clickhouse } = new XMLParser().parse(secret('clickhouse-users.xml'))
  expect(clickhouse.users.davy_reader.grants.query).toBe('GRANT SELECT ON default.*')
  expect(clickhouse.users.davy_reader.profile).toBe('davy_reader')
  expect(clickhouse.profiles.davy_reader.readonly).toBe(2)
  expect(JSON.stringify(clickhouse)).not.toContain('"password"')
})

it('the shop releases the bad version once, then good ones, each a version that Davy has never seen', () => {
  const plan = releases(86_400)
  expect(plan[0]).toMatchObject({ version: '2.0.1', keep: false })
  expect(plan.slice(1).every(({ keep, version }) => keep && version !== '2.0.1')).toBe(true)
  expect(new Set(plan.map(({ version }) => version)).size).toBe(plan.length)
  expect(plan.reduce((sum, { beforeSeconds, seconds }) => sum + beforeSeconds + seconds, 0)).toBeLessThanOrEqual(86_400)
})
