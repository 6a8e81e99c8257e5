import type { Query } from './queries.ts'
import type { Mapping } from './states.ts'
import type { Unit } from './units.ts'

/** From `from` on a value has this colour; the first step has no `from`. Only where there is a decision to make. */
type Threshold = { readonly from: number | null; readonly colour: string }

/** What holds for one field: its name, or a regular expression in slashes. */
export type Override = {
  readonly field: string
  readonly unit?: Unit
  readonly colour?: string
  readonly displayName?: string
  readonly mappings?: readonly Mapping[]
  readonly links?: readonly DataLink[]
  readonly hidden?: boolean
  readonly width?: number
  readonly custom?: Readonly<Record<string, unknown>>
}

/** Where a click on a value leads. */
export type DataLink = { readonly title: string; readonly url: string }

/** What every panel says of itself. */
export type PanelSpec = {
  readonly title: string
  /** What it shows, why, and what to do when it looks bad. */
  readonly description: string
  readonly unit: Unit
  readonly queries: readonly Query[]
  /** Of 24 columns. */
  readonly width: number
  readonly height?: number
  /** What stands there while there is nothing. */
  readonly noValue?: string
  readonly min?: number
  readonly max?: number
  readonly decimals?: number
  readonly thresholds?: readonly Threshold[]
  readonly mappings?: readonly Mapping[]
  readonly overrides?: readonly Override[]
  readonly links?: readonly DataLink[]
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[]
  /** The finest resolution that means something. */
  readonly interval?: string
}

/** A panel as Grafana reads it, still without its id and its place. */
export type Panel = {
  readonly type: string
  readonly title: string
  readonly description: string
  readonly width: number
  readonly height: number
  readonly body: Readonly<Record<string, unknown>>
}

type Extra = { readonly custom?: object; readonly options: object; readonly colour?: object; readonly height: number }

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function build(type: string, spec: PanelSpec, { custom, options, colour, height }: Extra): Panel {
  const { title, description, queries, width } = spec
  const [first] = queries
  if (first === undefined) throw new Error(`panel ${JSON.stringify(title)} asks nothing`)
  const body = {
    datasource: first.datasource,
    fieldConfig: {
      defaults: {
        ...(colour === undefined ? {} : { color: colour }),
        custom: custom ?? {},
        unit: spec.unit,
        noValue: spec.noValue ?? '–',
        ...defined({ min: spec.min, max: spec.max, decimals: spec.decimals }),
        mappings: mappingsOf(spec.mappings ?? []),
        thresholds: thresholdsOf(spec.thresholds ?? [{ from: null, colour: 'text' }]),
        links: linksOf(spec.links ?? []),
      },
      overrides: (spec.overrides ?? []).map(overrideOf),
    },
    options,
    targets: queries.map((query, index) => ({ ...query, refId: letters[index] })),
    ...(spec.transformations === undefined ? {} : { transformations: spec.transformations }),
    ...(spec.interval === undefined ? {} : { interval: spec.interval }),
  }
  return { type, title, description, width, height: spec.height ?? height, body }
}

function defined(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined))
}

function thresholdsOf(steps: readonly Threshold[]): object {
  return { mode: 'absolute', steps: steps.map(({ from, colour }) => ({ color: colour, value: from })) }
}

function mappingsOf(mappings: readonly Mapping[]): object[] {
  if (mappings.length === 0) return []
  const options = mappings.map(({ value, text, colour }, index) => [String(value), { color: colour, index, text }])
  return [{ type: 'value', options: Object.fromEntries(options) }]
}

function linksOf(links: readonly DataLink[]): object[] {
  return links.map(({ title, url }) => ({ title, url, targetBlank: true }))
}

function overrideOf(override: Override): object {
  const { field } = override
  const isPattern = field.startsWith('/')
  const properties: { id: string; value: unknown }[] = []
  const add = (id: string, value: unknown) => void properties.push({ id, value })
  if (override.displayName !== undefined) add('displayName', override.displayName)
  if (override.unit !== undefined) add('unit', override.unit)
  if (override.colour !== undefined) add('color', { mode: 'fixed', fixedColor: override.colour })
  if (override.mappings !== undefined) add('mappings', mappingsOf(override.mappings))
  if (override.mappings !== undefined) add('custom.cellOptions', { type: 'color-text' })
  if (override.links !== undefined) add('links', linksOf(override.links))
  if (override.hidden === true) add('custom.hidden', true)
  if (override.width !== undefined) add('custom.width', override.width)
  for (const [name, value] of Object.entries(override.custom ?? {})) add(`custom.${name}`, value)
  return { matcher: { id: isPattern ? 'byRegexp' : 'byName', options: field }, properties }
}

type TimeSeriesOptions = {
  readonly scale?: 'linear' | 'log'
  /** Draws the thresholds as areas behind the lines. */
  readonly areas?: boolean
  readonly bars?: boolean
  /** Only where the sum means something. */
  readonly stacked?: boolean
}

/** Lines or bars over time. */
export function timeseries(spec: PanelSpec, how: TimeSeriesOptions = {}): Panel {
  const custom = {
    drawStyle: how.bars === true ? 'bars' : 'line',
    lineWidth: how.bars === true ? 0 : 2,
    fillOpacity: how.bars === true ? 80 : 0,
    showPoints: 'auto',
    spanNulls: false,
    stacking: { mode: how.stacked === true ? 'normal' : 'none', group: 'A' },
    scaleDistribution: how.scale === 'log' ? { type: 'log', log: 10 } : { type: 'linear' },
    thresholdsStyle: { mode: how.areas === true ? 'area' : 'off' },
  }
  const options = {
    legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  }
  return build('timeseries', spec, { custom, options, colour: { mode: 'palette-classic' }, height: 8 })
}

/** One number or word. */
export function stat(spec: PanelSpec): Panel {
  const options = {
    colorMode: spec.thresholds === undefined && spec.mappings === undefined ? 'none' : 'value',
    graphMode: 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    textMode: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], fields: spec.unit === 'string' ? '/.*/' : '', values: false },
  }
  return build('stat', spec, { options, colour: { mode: 'thresholds' }, height: 4 })
}

/** Rows; a row's cells lead on by their links. */
export function tablePanel(spec: PanelSpec): Panel {
  const options = { showHeader: true, cellHeight: 'sm', footer: { show: false, reducer: ['sum'], fields: '' } }
  const custom = { align: 'auto', cellOptions: { type: 'auto' }, filterable: true }
  return build('table', spec, { custom, options, height: 8 })
}

/** One band a series, coloured by its state; it merges what does not change. */
export function stateTimeline(spec: PanelSpec): Panel {
  const options = {
    mergeValues: true,
    perPage: 20,
    rowHeight: 0.8,
    showValue: 'auto',
    alignValue: 'left',
    legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
    tooltip: { mode: 'single', sort: 'none' },
  }
  const custom = { fillOpacity: 75, lineWidth: 0, spanNulls: false }
  return build('state-timeline', spec, { custom, options, colour: { mode: 'thresholds' }, height: 9 })
}

/** A cell for each tick of each series; it merges nothing. */
export function statusHistory(spec: PanelSpec): Panel {
  const options = {
    rowHeight: 0.8,
    showValue: 'never',
    legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
    tooltip: { mode: 'single', sort: 'none' },
  }
  const custom = { fillOpacity: 75, lineWidth: 0 }
  return build('status-history', spec, { custom, options, colour: { mode: 'thresholds' }, height: 8 })
}

/** How values are spread over time. @param from `buckets`: a Prometheus histogram; `values`: single ones, counted here. */
export function heatmap(spec: PanelSpec, from: 'buckets' | 'values'): Panel {
  const options = {
    calculate: from === 'values',
    ...(from === 'values' ? { calculation: { yBuckets: { mode: 'count', scale: { type: 'log', log: 2 } } } } : {}),
    cellGap: 1,
    color: { mode: 'scheme', scheme: 'Blues', exponent: 0.5, steps: 64, reverse: false, fill: 'dark-blue' },
    filterValues: { le: 1e-9 },
    legend: { show: true },
    rowsFrame: { layout: 'auto' },
    tooltip: { mode: 'single', yHistogram: false, showColorScale: false },
    yAxis: { axisPlacement: 'left', reverse: false, unit: spec.unit },
  }
  const custom = { scaleDistribution: { type: 'linear' } }
  return build('heatmap', spec, { custom, options, height: 8 })
}

/** A bar for each row. */
export function barGauge(spec: PanelSpec): Panel {
  const options = {
    displayMode: 'basic',
    orientation: 'horizontal',
    showUnfilled: true,
    valueMode: 'text',
    namePlacement: 'left',
    sizing: 'auto',
    legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: true },
  }
  return build('bargauge', spec, { options, colour: { mode: 'thresholds' }, height: 8 })
}
