import { isSameUnit, type Unit } from '../../domain/cohort.ts'
import type { Place, Sighting } from '../../storage/workload-reader.ts'
import type { Hints, Workload } from './workload.ts'

/** The units among these rows, the one with most requests first. */
export function unitsOf(rows: readonly Sighting[]): readonly Unit[] {
  const units: { readonly unit: Unit; requests: number }[] = []
  for (const row of rows) {
    const known = units.find(({ unit }) => isSameUnit(unit, row))
    if (known !== undefined) known.requests += row.requests
    else {
      const { namespace, service, environment } = row
      units.push({ unit: { namespace, service, environment }, requests: row.requests })
    }
  }
  return units.sort((a, b) => b.requests - a.requests).map(({ unit }) => unit)
}

/** Whether nothing that was written down speaks against the unit. */
export function fitsHints(unit: Unit, { service, serviceNamespace, environment }: Hints): boolean {
  if (service !== undefined && unit.service !== service) return false
  if (serviceNamespace !== undefined && unit.namespace !== serviceNamespace) return false
  return environment === undefined || unit.environment === environment
}

/** The units whose pods run in the workload's Kubernetes namespace, among several that look alike otherwise. */
export function unitsInNamespace(
  units: readonly Unit[],
  places: readonly Place[],
  workload: Workload,
): readonly Unit[] {
  return units.filter((unit) =>
    places.some((place) => isSameUnit(place, unit) && place.kubernetesNamespace === workload.namespace),
  )
}

/** The units of which telemetry does not say that their pods run in other Kubernetes namespaces only. */
export function unitsNotElsewhere(
  units: readonly Unit[],
  places: readonly Place[],
  workload: Workload,
): readonly Unit[] {
  return units.filter((unit) => {
    const named = places.filter((place) => isSameUnit(place, unit) && place.kubernetesNamespace !== '')
    return named.length === 0 || named.some((place) => place.kubernetesNamespace === workload.namespace)
  })
}

/** A unit for people: the service, and where it is. */
export function unitLabel({ namespace, service, environment }: Unit): string {
  return namespace === '' ? `${service} (${environment})` : `${namespace}/${service} (${environment})`
}
