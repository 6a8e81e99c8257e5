import { readdirSync, readFileSync } from 'node:fs'

/** What the tests read of Grafana's classic JSON. */
type Target = {
  readonly refId: string
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly expr?: string
  readonly rawSql?: string
  readonly instant?: boolean
  readonly exemplar?: boolean
  readonly format?: number | string
}
export type Panel = {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly collapsed?: boolean
  readonly repeat?: string
  readonly panels?: readonly Panel[]
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string
      readonly noValue?: string
      readonly min?: number
      readonly mappings: readonly unknown[]
      readonly thresholds: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] }
    }
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string }
      readonly properties: readonly { readonly id: string; readonly value: unknown }[]
    }[]
  }
}
export type Variable = {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly query: string | { readonly query: string }
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly refresh: number
  readonly hide: number
  readonly multi: boolean
  readonly includeAll: boolean
  readonly allValue?: string
}
type Annotation = {
  readonly name: string
  readonly builtIn?: number
  readonly datasource: { readonly type: string; readonly uid: string }
  readonly expr?: string
  readonly target?: { readonly expr?: string; readonly rawSql?: string }
  readonly titleFormat?: string
  readonly textFormat?: string
  readonly tagKeys?: string
  readonly useValueForTime?: string | boolean
}
export type Dashboard = {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly editable: boolean
  readonly graphTooltip: number
  readonly refresh: string
  readonly schemaVersion: number
  readonly timezone: string
  readonly time: { readonly from: string; readonly to: string }
  readonly links: readonly {
    readonly type: string
    readonly title: string
    readonly url: string
    readonly tags: readonly string[]
    readonly asDropdown: boolean
    readonly keepTime: boolean
    readonly includeVars: boolean
    readonly targetBlank: boolean
  }[]
  readonly annotations: { readonly list: readonly Annotation[] }
  readonly templating: { readonly list: readonly Variable[] }
  readonly panels: readonly Panel[]
}

export const dashboardFolder = new URL('../../dashboards/', import.meta.url)

/** All committed dashboards. */
export const dashboards: readonly Dashboard[] = readdirSync(dashboardFolder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, dashboardFolder), 'utf8')) as Dashboard)

/** Rows and panels, those in collapsed rows too. */
export function everyPanel({ panels }: Pick<Dashboard, 'panels'>): readonly Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
}

/** The panels that show something. */
export function shownPanels(dashboard: Pick<Dashboard, 'panels'>): readonly Panel[] {
  return everyPanel(dashboard).filter(({ type }) => type !== 'row')
}

/** One query with where it stands. Exactly one of `expr` and `rawSql` is set. */
export type Placed = {
  readonly dashboard: Dashboard
  /** For messages and lists: `davy-fleet: Now: A`. */
  readonly place: string
  readonly expr?: string
  readonly rawSql?: string
  readonly instant: boolean
}

/** Every query of panels, variables and annotations. */
export function everyQuery(): readonly Placed[] {
  return dashboards.flatMap((dashboard) => {
    const placed = (what: string, { expr, rawSql }: { expr?: string; rawSql?: string }, instant: boolean): Placed => ({
      ...{ dashboard, place: `${dashboard.uid}: ${what}`, instant },
      ...(expr === undefined ? {} : { expr }),
      ...(rawSql === undefined ? {} : { rawSql }),
    })
    return [
      ...shownPanels(dashboard).flatMap(({ title, targets = [] }) =>
        targets.map((target) => placed(`${title}: ${target.refId}`, target, target.instant === true)),
      ),
      ...dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map((variable) => placed(`variable ${variable.name}`, queryOfVariable(variable), true)),
      ...dashboard.annotations.list
        .filter(({ builtIn }) => builtIn !== 1)
        .map(({ name, target }) => placed(`annotation ${name}`, target ?? {}, false)),
    ]
  })
}

function queryOfVariable({ query }: Variable): { readonly expr: string } | { readonly rawSql: string } {
  return typeof query === 'string' ? { rawSql: query } : { expr: query.query }
}
