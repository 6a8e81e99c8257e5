import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

/** The folder that SREs load. */
export const alertsFolder = join(import.meta.dirname, '../../alerts')

/** One rule as Prometheus reads it, with the file that it lies in. */
export type Rule = {
  readonly file: string
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export type Alert = Rule & { readonly alert: string }

type Expected = {
  readonly exp_labels: Readonly<Record<string, string>>
  readonly exp_annotations: Readonly<Record<string, string>>
}

/** One group of promtool's unit tests, with the file that it lies in. */
export type TestGroup = {
  readonly file: string
  readonly name: string
  readonly alert_rule_test: readonly {
    readonly eval_time: string
    readonly alertname: string
    readonly exp_alerts: readonly Expected[]
  }[]
}

function yamlFiles(folder: string): string[] {
  const names = readdirSync(join(alertsFolder, folder)).filter((name) => name.endsWith('.yml'))
  return names.sort().map((name) => join(alertsFolder, folder, name))
}

/** All rules, in the order of files and lines. */
export function readRules(): Rule[] {
  return yamlFiles('rules').flatMap((path) => {
    type File = { readonly groups: readonly { readonly rules: readonly Omit<Rule, 'file'>[] }[] }
    const { groups } = parse(readFileSync(path, 'utf8')) as File
    return groups.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, file: basename(path) })))
  })
}

export function isAlert(rule: Rule): rule is Alert {
  return rule.alert !== undefined
}

/** All groups of unit tests. */
export function readTestGroups(): TestGroup[] {
  return yamlFiles('tests').flatMap((path) => {
    const { tests } = parse(readFileSync(path, 'utf8')) as { readonly tests: readonly Omit<TestGroup, 'file'>[] }
    return tests.map((test) => ({ ...test, file: basename(path) }))
  })
}

/** Names of the metrics in an expression, recorded ones included. */
export function metricsIn(expression: string): string[] {
  const bare = expression.replace(/"[^"]*"/g, '""').replace(/\{[^}]*\}/g, '{}')
  return [...new Set(bare.match(/\b(davy|http_server|nodejs|process)[a-z0-9_:]+|\bup\b/g) ?? [])]
}
