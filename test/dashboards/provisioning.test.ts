import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { dashboardFolder, dashboards } from './dashboard-files.ts'

const read = (file: string) => readFileSync(new URL(`provisioning/${file}`, dashboardFolder), 'utf8')

type Source = {
  readonly uid: string
  readonly type: string
  readonly jsonData: Readonly<Record<string, unknown>>
  readonly secureJsonData?: Readonly<Record<string, string>>
}

it('dashboards from files are not changed or deleted in Grafana', () => {
  const { apiVersion, providers } = parse(read('dashboards/davy.yml'))
  expect(apiVersion).toBe(1)
  expect(providers).toHaveLength(1)
  expect(providers[0]).toMatchObject({ type: 'file', disableDeletion: true, allowUiUpdates: false })
})

it('there is a data source of each type that a dashboard asks for, and no secret in the file', () => {
  const text = read('datasources/davy.yml')
  const { apiVersion, datasources } = parse(text) as { apiVersion: number; datasources: readonly Source[] }
  expect(apiVersion).toBe(1)
  const types = dashboards.flatMap(({ templating }) =>
    templating.list.filter(({ type }) => type === 'datasource').map(({ query }) => query as string),
  )
  expect(datasources.map(({ type }) => type).sort()).toEqual([...new Set(types)].sort())
  for (const { secureJsonData = {} } of datasources) {
    for (const value of Object.values(secureJsonData)) expect(value).toMatch(/^\$[A-Z_]+$/)
  }
  // A single dollar sign that is no variable of the environment would be taken for one.
  const values = text.replace(/^\s*#.*$/gm, '')
  expect(values.match(/\$(?![A-Z])/g)).toBeNull()
})

it('exemplars lead to traces by the label that Davy gives them', () => {
  const { datasources } = parse(read('datasources/davy.yml')) as { datasources: readonly Source[] }
  const prometheus = datasources.find(({ type }) => type === 'prometheus')!
  const [destination] = prometheus.jsonData.exemplarTraceIdDestinations as { name: string; datasourceUid: string }[]
  expect(destination!.name).toBe('trace_id')
  expect(datasources.map(({ uid }) => uid)).toContain(destination!.datasourceUid)
})
