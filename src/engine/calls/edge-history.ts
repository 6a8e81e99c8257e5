import { resolveArm } from '../../domain/cohort.ts'
import { DavyError } from '../../domain/errors.ts'
import type { SourceQuestion } from '../../domain/metric-source.ts'
import type {
  CalledEdgesReader,
  CallingOperationRow,
  OperationRow,
  SampleQuestion,
} from '../../storage/called-edges-reader.ts'
import { type CallsQuery, isAskedFor } from './calls-query.ts'
import { edgeName } from './edge-name.ts'
import { OncePerDeployment } from './once-per-deployment.ts'

type Deployment = SourceQuestion['deployment']

const tickMs = 10_000
const hourMs = 3_600_000
/** What nobody has called for so long is new when it is called again. */
const knownMs = 14 * 24 * hourMs
/** Different edges by version and replica set; of who calls more nobody says which are new. */
const mostRows = 50_000

/** About so many requests of the hour before the start tell which operation calls what. */
const sampledRequests = 20_000
/** An edge that fewer of them called is not known well enough to be missed. */
const leastCalling = 20
/** A pod tells of an edge when it served requests that should have called it so often: by chance it misses all in 1 of 150. */
const leastExpected = 5
/** So many edges are followed, those that most requests called: the budget is shared out among them. */
const mostFollowed = 30

/** Of each operation that called an edge, the share of its requests that did. */
export type CallingShares = ReadonlyMap<string, number>

/** What services called before deployments started. */
export class EdgeHistory {
  readonly #reader: Pick<CalledEdgesReader, 'edges' | 'requests' | 'operations' | 'callingOperations'>
  readonly #called = new OncePerDeployment<ReadonlySet<string>>(({ size }) => size)
  readonly #shares = new OncePerDeployment<ReadonlyMap<string, CallingShares>>((shares) =>
    [...shares.values()].reduce((sum, { size }) => sum + size, 0),
  )

  constructor(reader: Pick<CalledEdgesReader, 'edges' | 'requests' | 'operations' | 'callingOperations'>) {
    this.#reader = reader
  }

  /**
   * The names of all edges that anybody but the canary called in the fourteen days before the start.
   * @throws DavyError SOURCE_DOWN when there are too many to tell new ones from
   */
  calledBefore(deployment: Deployment, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#called.get(deployment, '', async () => {
      const { service, canary, baseline } = deployment
      const to = startOf(deployment)
      const byPod = [canary, baseline].some((selector) => selector?.match?.pod !== undefined)
      const rows = await this.#reader.edges({ service, from: to - knownMs, to, byPod, most: mostRows }, signal)
      if (rows.length === mostRows) {
        throw new DavyError(
          'SOURCE_DOWN',
          `${service} calls too many different edges, or in too many versions, to say which are new.`,
          {
            expected: `fewer than ${mostRows} edges by version and replica set in fourteen days`,
            got: 'as many or more; give calls a peer.service that is not an address',
          },
        )
      }
      return new Set(
        rows.filter((row) => resolveArm(row, deployment, deployment) !== 'canary').map((row) => edgeName(row)),
      )
    })
  }

  /**
   * The edges that the baseline called in the hour before the start, with the operations that did, as far as a part of
   * its raw spans tells. Left out is what no more than half of the pods called that should have: the agent of a node, a shard.
   */
  callingShares(
    deployment: Deployment,
    query: CallsQuery,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, CallingShares>> {
    const of = JSON.stringify([query.system, query.peer, query.target])
    return this.#shares.get(deployment, of, async () => {
      const to = startOf(deployment)
      const from = to - hourMs
      const { service } = deployment
      const requests = await this.#reader.requests(service, from, to, signal)
      const sample: SampleQuestion = {
        ...{ service, from, to, oneIn: Math.max(1, Math.ceil(requests / sampledRequests)) },
      }
      const [served, calling] = await Promise.all([
        this.#reader.operations(sample, signal),
        this.#reader.callingOperations(sample, signal),
      ])
      const isBaseline = (row: OperationRow): boolean => resolveArm(row, deployment, deployment) === 'baseline'
      return sharesOf(
        served.filter(isBaseline),
        calling.filter((row) => isBaseline(row) && isAskedFor(query, row)),
      )
    })
  }
}

function sharesOf(
  served: readonly OperationRow[],
  calling: readonly CallingOperationRow[],
): ReadonlyMap<string, CallingShares> {
  const byOperation = sums(served, ({ operation }) => operation)
  const edges = [...Map.groupBy(calling, (row) => edgeName(row))].flatMap(([edge, rows]) => {
    const total = rows.reduce((sum, { requests }) => sum + requests, 0)
    const shares = new Map(
      [...sums(rows, ({ operation }) => operation)].map(([operation, requests]) => [
        operation,
        Math.min(1, requests / (byOperation.get(operation) ?? requests)),
      ]),
    )
    return total < leastCalling || !isOfMostPods(served, rows, shares) ? [] : [{ edge, total, shares }]
  })
  edges.sort((a, b) => b.total - a.total || (a.edge < b.edge ? -1 : 1))
  return new Map(edges.slice(0, mostFollowed).map(({ edge, shares }) => [edge, shares]))
}

/** Whether more than half of the pods that should have called an edge did. */
function isOfMostPods(
  served: readonly OperationRow[],
  calling: readonly CallingOperationRow[],
  shares: CallingShares,
): boolean {
  const expected = new Map<string, number>()
  for (const { pod, operation, requests } of served) {
    expected.set(pod, (expected.get(pod) ?? 0) + requests * (shares.get(operation) ?? 0))
  }
  const called = new Set(calling.map(({ pod }) => pod))
  const telling = [...expected].filter(([, requests]) => requests >= leastExpected).map(([pod]) => pod)
  return telling.filter((pod) => called.has(pod)).length > telling.length / 2
}

function sums<Row extends OperationRow>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, number> {
  const by = new Map<string, number>()
  for (const row of rows) by.set(keyOf(row), (by.get(keyOf(row)) ?? 0) + row.requests)
  return by
}

function startOf({ startedAt }: Deployment): number {
  return Math.floor(Date.parse(startedAt) / tickMs) * tickMs
}
