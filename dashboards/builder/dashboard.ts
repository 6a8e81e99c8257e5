import type { Annotation } from './annotations.ts'
import type { Panel } from './panels.ts'
import type { Variable } from './variables.ts'

/** A row of panels. A collapsed one asks nothing until it is opened; a repeated one is there for each value of a variable. */
export type Row = {
  readonly title: string
  readonly panels: readonly Panel[]
  readonly collapsed?: boolean
  readonly repeat?: string
}

type DashboardLink = { readonly title: string; readonly url: string; readonly tooltip: string }

/** One question that a dashboard answers, and how. */
export type DashboardSpec = {
  /** `davy-…`; links lead by it, so it never changes. */
  readonly uid: string
  readonly title: string
  /** The question. */
  readonly description: string
  readonly variables: readonly Variable[]
  readonly annotations: readonly Annotation[]
  readonly links?: readonly DashboardLink[]
  readonly rows: readonly Row[]
  readonly from?: string
}

const columns = 24

type Place = { readonly h: number; readonly w: number; readonly x: number; readonly y: number }

/** Places panels from left to right, a new line where one does not fit; each line is as high as its highest. */
function placed(panels: readonly Panel[], top: number): { readonly places: readonly Place[]; readonly bottom: number } {
  const places: Place[] = []
  let [x, y, height] = [0, top, 0]
  for (const panel of panels) {
    if (x + panel.width > columns) [x, y, height] = [0, y + height, 0]
    places.push({ h: panel.height, w: panel.width, x, y })
    x += panel.width
    height = Math.max(height, panel.height)
  }
  return { places, bottom: y + height }
}

function panelsOf(rows: readonly Row[]): object[] {
  const all: object[] = []
  let [id, y] = [0, 0]
  for (const row of rows) {
    const collapsed = row.collapsed === true
    id += 1
    const head = { id, type: 'row', title: row.title, collapsed, gridPos: { h: 1, w: columns, x: 0, y } }
    const { places, bottom } = placed(row.panels, y + 1)
    const panels = row.panels.map(({ type, title, description, body }, index) => {
      id += 1
      return { id, type, title, description, gridPos: places[index], ...body }
    })
    all.push({
      ...head,
      ...(row.repeat === undefined ? {} : { repeat: row.repeat }),
      panels: collapsed ? panels : [],
    })
    if (!collapsed) all.push(...panels)
    y = collapsed ? y + 1 : bottom
  }
  return all
}

const siblings = {
  type: 'dashboards',
  title: 'Davy',
  tags: ['davy'],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: 'The other dashboards of Davy',
  url: '',
}

function linkOf({ title, url, tooltip }: DashboardLink): object {
  return {
    ...{ type: 'link', title, url, tooltip, tags: [], icon: 'doc' },
    ...{ asDropdown: false, includeVars: false, keepTime: false, targetBlank: true },
  }
}

/** Changes made by people, drawn by Grafana itself. */
const ownAnnotations = {
  name: 'Annotations & Alerts',
  builtIn: 1,
  datasource: { type: 'grafana', uid: '-- Grafana --' },
  enable: true,
  hide: true,
  iconColor: 'rgba(0, 211, 255, 1)',
  type: 'dashboard',
}

/** A dashboard in Grafana's classic JSON, which every Grafana from 11 on reads from files. */
export function dashboard(spec: DashboardSpec): object {
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: ['davy'],
    editable: false,
    graphTooltip: 1,
    refresh: '1m',
    schemaVersion: 39,
    timezone: 'browser',
    time: { from: spec.from ?? 'now-6h', to: 'now' },
    timepicker: {},
    fiscalYearStartMonth: 0,
    links: [siblings, ...(spec.links ?? []).map(linkOf)],
    annotations: { list: [ownAnnotations, ...spec.annotations] },
    templating: { list: spec.variables },
    panels: panelsOf(spec.rows),
  }
}
