import { isSameUnit, type Unit } from '../../domain/cohort.ts'
import type { Deployment } from '../../domain/deployment.ts'
import type { Template } from '../../domain/template.ts'
import { digestOf } from '../../platform/digest.ts'
import type { VersionRow } from '../../storage/rollup-reader.ts'
import type { Templates } from '../templates.ts'
import type { CalibrationWork } from './calibrations.ts'
import { leastHistoryMs } from './plan-history.ts'

/** Templates of deployments of so many milliseconds are in use. */
const recentMs = 30 * 86_400_000

/**
 * What a day (UTC) should have: a calibration of each unit with a version that has been there long enough, under each
 * template that its deployments use, or under `default` where there were none. The day is in the key, so that it is
 * made once whoever asks.
 * @param versions of the last day.
 */
export function nightly(
  versions: readonly VersionRow[],
  deployments: readonly Deployment[],
  templates: Pick<Templates, 'find' | 'base'>,
  now: number,
): CalibrationWork[] {
  const units = new Map<string, Unit>()
  for (const { namespace, service, environment, firstSeen, lastSeen } of versions) {
    if (lastSeen - firstSeen < leastHistoryMs) continue
    units.set(JSON.stringify([namespace, service, environment]), { namespace, service, environment })
  }
  const day = new Date(now).toISOString().slice(0, 10)
  return [...units.values()].flatMap((unit) =>
    templatesOf(unit, deployments, templates, now).map((template) => ({
      key: `${day}/${digestOf([unit, template])}`,
      ...{ unit, template },
    })),
  )
}

function templatesOf(
  unit: Unit,
  deployments: readonly Deployment[],
  templates: Pick<Templates, 'find' | 'base'>,
  now: number,
): readonly Template[] {
  const names = new Set<string>()
  for (const deployment of deployments) {
    if (!isSameUnit(deployment, unit) || Date.parse(deployment.startedAt) < now - recentMs) continue
    names.add(deployment.template.name)
  }
  const used = [...names].flatMap((name) => templates.find(name) ?? [])
  return used.length > 0 ? used : [templates.base]
}
