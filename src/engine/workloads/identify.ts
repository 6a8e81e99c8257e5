import { defaultEnvironment, isSameUnit, type Unit } from '../../domain/cohort.ts'
import { nearest } from '../../platform/nearest.ts'
import type { Sighting, WorkloadReader } from '../../storage/workload-reader.ts'
import { fitsHints, unitLabel, unitsInNamespace, unitsNotElsewhere, unitsOf } from './choose-unit.ts'
import { hashOf, newestOf, runningVersions, seenBy, selectorOf } from './live-sides.ts'
import { type Hints, type Identity, labelOf, type Side, type Unidentified, type Workload } from './workload.ts'

const hourMs = 3_600_000
const placesMs = 600_000
const mostNamed = 3
const nameIt = 'Name service and environment, or send'

type Unitless = Omit<Identity, 'unit'>

/** What a question about a workload is answered from. */
type Asked = { readonly workload: Workload; readonly hints: Hints; readonly now: number }

/**
 * Whose telemetry comes from the pods of a Rollout, of which the controller names both replica sets.
 * @param canary by hash, or by the version that its telemetry carries.
 * @param stable absent parts are unknown to the controller, too.
 */
export async function identifyPair(
  reader: WorkloadReader,
  asked: Asked,
  canary: Side,
  stable: Side,
): Promise<Identity | Unidentified> {
  const hashes = [canary.hash, stable.hash].filter((hash) => hash !== undefined)
  const podPrefixes = hashes.map((hash) => `${asked.workload.name}-${hash}-`)
  const services = asked.hints.service === undefined ? [] : [asked.hints.service]
  const rows = await lastHour(reader, asked, { replicaSets: hashes, podPrefixes, services })
  const own = rows.filter((row) => hashes.includes(hashOf(row)))
  const unit = await chooseUnit(reader, asked, own.length > 0 ? own : rows)
  if (unit === null) return askWhich(reader, asked, `the replica sets ${hashes.join(' and ')}`, unitsOf(own))
  const sides = sidesOfPair(canary, stable, rows.filter(isOf(unit)), asked.now)
  return 'question' in sides ? sides : { unit, ...sides }
}

/**
 * Whose telemetry comes from the pods of a Flagger canary, of which nobody names the replica sets: those of the
 * Deployment `target` are the canary, those of `<target>-primary` the baseline.
 * @param since when the run began, Unix milliseconds: what was silent since then has no part in it.
 */
export async function identifyRun(
  reader: WorkloadReader,
  asked: Asked,
  target: string,
  since: number,
): Promise<Identity | Unidentified> {
  const services = asked.hints.service === undefined ? [] : [asked.hints.service]
  const rows = await lastHour(reader, asked, { podPrefixes: [`${target}-`], services })
  const owners = [target, `${target}-primary`]
  const own = rows.filter(({ owner }) => owners.includes(owner))
  const unit = await chooseUnit(reader, asked, own.length > 0 ? own : rows)
  if (unit === null) return askWhich(reader, asked, `the Deployments ${owners.join(' and ')}`, unitsOf(own))
  const ofUnit = rows.filter(isOf(unit))
  const sides = ofUnit.some(({ owner }) => owners.includes(owner))
    ? sidesOfRun(ofUnit, target, since)
    : sidesByVersion(ofUnit, asked.now)
  return 'question' in sides ? sides : { unit, ...sides }
}

function sidesOfPair(canary: Side, stable: Side, rows: readonly Sighting[], now: number): Unitless | Unidentified {
  const ofSide = (side: Side) =>
    rows.filter((row) => (side.version === undefined ? hashOf(row) === side.hash : row.version === side.version))
  const [canaryRows, stableRows] = [ofSide(canary), ofSide(stable)]
  const canarySince = firstSeen(canaryRows)
  if (canary.version !== undefined) {
    const baseline = stable.version === undefined ? {} : { baseline: { version: stable.version } }
    return { canary: { version: canary.version }, ...baseline, canarySince }
  }
  const { hash } = canary
  if (hash === undefined) return { question: 'Which one is the canary? Neither its hash nor its version is named.' }
  const isToldApart = rows.length === 0 || rows.some(({ replicaSet }) => replicaSet !== '')
  if (isToldApart) {
    const baseline = stable.hash === undefined ? {} : { baseline: { match: { replicaSet: [stable.hash] } } }
    return { canary: { match: { replicaSet: [hash] } }, ...baseline, canarySince }
  }
  if (canaryRows.length === 0 && stableRows.length === 0) return sidesByVersion(rows, now)
  return sidesByPods({ hash, rows: canaryRows }, { hash: stable.hash, rows: stableRows })
}

type Pods = { readonly rows: readonly Sighting[] }

/** Telemetry that names pods, which tell their hash, and no replica sets: cohorts cannot be matched by part of a name. */
function sidesByPods(canary: Pods & { hash: string }, stable: Pods & { hash: string | undefined }) {
  if (canary.rows.length === 0) return { question: `No telemetry of the canary's pods (${canary.hash}) yet.` }
  const selector = selectorOf(canary.hash, canary.rows, stable.rows)
  const baseline = stable.hash === undefined ? null : selectorOf(stable.hash, stable.rows, canary.rows)
  if (selector === null || (baseline === null && stable.rows.length > 0)) {
    return {
      question:
        'Which requests come from the canary? Its pods are named, but neither their replica set nor a version of their own is: ' +
        'send k8s.replicaset.name, or a service.version that changes with each release.',
    }
  }
  return { canary: selector, ...(baseline === null ? {} : { baseline }), canarySince: firstSeen(canary.rows) }
}

function sidesOfRun(rows: readonly Sighting[], target: string, since: number): Unitless | Unidentified {
  const of = (owner: string, from: number) => rows.filter((row) => row.owner === owner && row.lastSeen >= from)
  const [canaryRows, primaryRows] = [of(target, since - 10_000), of(`${target}-primary`, 0)]
  const [canary, ...otherCanaries] = newestOf(seenBy(canaryRows, hashOf))
  const [primary, ...otherPrimaries] = newestOf(seenBy(primaryRows, hashOf))
  if (canary === undefined) return { question: `No telemetry of the canary's pods (Deployment ${target}) yet.` }
  if (primary === undefined) return { question: `No telemetry of the pods of ${target}-primary, the baseline, yet.` }
  const several = otherCanaries.length > 0 ? [canary, ...otherCanaries] : [primary, ...otherPrimaries]
  if (several.length > 1) {
    return {
      question: `Which one is it? The replica sets ${several.sort().join(' and ')} answer at once; one must go first.`,
    }
  }
  const canaryOnly = canaryRows.filter((row) => hashOf(row) === canary)
  const primaryOnly = primaryRows.filter((row) => hashOf(row) === primary)
  return sidesByPods({ hash: canary, rows: canaryOnly }, { hash: primary, rows: primaryOnly })
}

function sidesByVersion(rows: readonly Sighting[], now: number): Unitless | Unidentified {
  const pair = runningVersions(rows, now)
  if ('canary' in pair) {
    const { canary, baseline, canarySince } = pair
    return { canary: { version: canary }, baseline: { version: baseline }, canarySince }
  }
  if (pair.length < 2) return { question: 'No telemetry of a second version yet, which would be the canary.' }
  const versions = pair.slice(0, 5).join(', ')
  return { question: `Which version is the canary? These run at once: ${versions}. Send k8s.replicaset.name.` }
}

/** The one unit that the rows and the hints speak of; what the hints leave open and no telemetry says is the default. */
async function chooseUnit(
  reader: WorkloadReader,
  { workload, hints, now }: Asked,
  rows: readonly Sighting[],
): Promise<Identity['unit'] | null> {
  const units = unitsOf(rows).filter((unit) => fitsHints(unit, hints))
  const [only] = units
  // Equal templates have equal hashes in every namespace: also the only unit that is seen may be that of another one.
  if (units.length > 1 || (only !== undefined && hints.environment === undefined)) {
    const services = [...new Set(units.map(({ service }) => service))].slice(0, 20)
    const places = await reader.places(services, now - placesMs, now)
    const there =
      units.length > 1 ? unitsInNamespace(units, places, workload) : unitsNotElsewhere(units, places, workload)
    return there.length === 1 ? (there[0] ?? null) : null
  }
  if (only !== undefined) return only
  const { service, environment, serviceNamespace } = hints
  // Told to be in one environment and seen in another only: a mistake in the hint, or telemetry that is still to come.
  if (service === undefined) return null
  const namespace = serviceNamespace === undefined ? {} : { namespace: serviceNamespace }
  return { service, environment: environment ?? defaultEnvironment, ...namespace }
}

async function askWhich(
  reader: WorkloadReader,
  { workload, hints, now }: Asked,
  whose: string,
  units: readonly Unit[],
): Promise<Unidentified> {
  const which = `Which service is ${labelOf(workload)}?`
  if (units.length > 0) {
    const several = units.slice(0, mostNamed).map(unitLabel).join(', ')
    const from = units.length === 1 ? `another Kubernetes namespace than ${workload.namespace}` : 'several'
    return { question: `${which} Telemetry of ${whose} comes from ${from}: ${several}. ${nameIt} k8s.namespace.name.` }
  }
  const seen = await reader.sightings({
    services: await servicesNear(reader, workload, hints, now),
    from: now - hourMs,
    to: now,
  })
  const near = unitsOf(seen).slice(0, mostNamed).map(unitLabel)
  const candidates = near.length === 0 ? 'No service is seen at all.' : `Nearest: ${near.join(', ')}.`
  return {
    question: `${which} No telemetry of the last hour comes from ${whose}. ${candidates} ${nameIt} k8s.replicaset.name and k8s.pod.name.`,
  }
}

/** Services with names like the workload's; without any such, those that there are. */
async function servicesNear(reader: WorkloadReader, { name }: Workload, { service }: Hints, now: number) {
  const services = await reader.services(now - hourMs, now)
  const words = service === undefined ? [name] : [service, name]
  const alike = services.filter((each) => words.some((word) => each.includes(word) || word.includes(each)))
  const nearby = words.map((word) => nearest(word, services)).filter((each) => each !== null)
  const found = [...new Set([...nearby, ...alike])]
  return (found.length === 0 ? services : found).slice(0, mostNamed)
}

function lastHour(
  reader: WorkloadReader,
  { now }: Asked,
  filter: Omit<Parameters<WorkloadReader['sightings']>[0], 'from' | 'to'>,
) {
  return reader.sightings({ ...filter, from: now - hourMs, to: now + 60_000 })
}

function isOf(unit: Identity['unit']) {
  return (row: Sighting): boolean => isSameUnit({ ...unit, namespace: unit.namespace ?? row.namespace }, row)
}

function firstSeen(rows: readonly Sighting[]): number | null {
  return rows.length === 0 ? null : Math.min(...rows.map((row) => row.firstSeen))
}
