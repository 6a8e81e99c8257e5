import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PlacedCallsReader } from '../../../src/storage/placed-calls-reader.ts'
import { type Opened, temporaryDirectory } from '../opened.ts'
import { type SpanInput, storeSpans } from '../spans.ts'

const tick = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000
const at = (ms: number): bigint => BigInt(tick + ms) * 1_000_000n
const [server, client] = [2, 3]

type Call = {
  readonly caller?: string
  readonly peer?: string
  readonly version: string
  /** Milliseconds from the tick on: when the call and its answer end. */
  readonly callEnds?: number
  readonly answerEnds?: number
  readonly callFailed?: boolean
  readonly isAnswered?: boolean
}

/** From the spans of a caller and of who answers to calls that belong to an arm. */
export function placedCallsConformance(current: () => Opened): void {
  describe('calls placed by who answered them', () => {
    const [directory, remove] = temporaryDirectory()
    let opened: Opened
    let reader: PlacedCallsReader
    let stored = 0
    beforeAll(() => {
      opened = current()
      reader = new PlacedCallsReader(opened.storage)
    })
    afterAll(remove)

    /** Stores calls to `service`, which no other test uses, each a trace of its own. */
    async function store(service: string, calls: readonly Call[]): Promise<void> {
      stored += 1
      const items = calls.flatMap((call, index): SpanInput[] => {
        const id = (stored * 100_000 + index).toString(16)
        const traceId = `cafe${id.padStart(28, '0')}`
        const spanId = `ca${id.padStart(14, '0')}`
        const { caller = 'gateway', peer = service, version, callEnds = 1_100, answerEnds = 1_090 } = call
        const asked: SpanInput = {
          ...{ traceId, spanId, kind: client, start: at(1_000), end: at(callEnds) },
          ...(call.callFailed === true ? { failed: true } : {}),
          attributes: { 'http.request.method': 'GET', 'server.address': peer },
          resource: { 'service.name': caller, 'service.version': 'any' },
        }
        if (call.isAnswered === false) return [asked]
        const resource = {
          'service.name': service,
          'service.version': version,
          'k8s.pod.name': `${service}-${version}`,
        }
        return [asked, { traceId, parentSpanId: spanId, kind: server, start: at(1_010), end: at(answerEnds), resource }]
      })
      await storeSpans(opened.storage, directory, items, `placed-calls-${stored}`)
    }

    const callsOf = async (service: string, callers: readonly string[], oneIn = 1) => {
      const rows = await reader.calls({ service, callers, from: tick, to: tick + 60_000, oneIn })
      return rows.map(({ at: start, caller, version, pod, failed, calls }) => ({
        ...{ at: start - tick, caller, version, pod, failed, calls },
      }))
    }

    test('have the outcome that the caller saw and the version that answered', async () => {
      await store('placed', [
        { version: '1' },
        { version: '1' },
        { version: '2', callFailed: true },
        { version: '2', caller: 'mobile' },
      ])
      const rows = await callsOf('placed', ['gateway', 'mobile'])
      const byCaller = rows.toSorted((a, b) => (a.caller + a.version < b.caller + b.version ? -1 : 1))
      expect(byCaller).toEqual([
        { at: 0, caller: 'gateway', version: '1', pod: 'placed-1', failed: false, calls: 2 },
        { at: 0, caller: 'gateway', version: '2', pod: 'placed-2', failed: true, calls: 1 },
        { at: 0, caller: 'mobile', version: '2', pod: 'placed-2', failed: false, calls: 1 },
      ])
      const [row] = await reader.calls({
        ...{ service: 'placed', callers: ['mobile'], from: tick, to: tick + 60_000, oneIn: 1 },
      })
      // 100 ms, as the caller measured it: floor(32 log2(1e8)).
      expect(row!.latency).toEqual({ 850: 1 })
    })

    test('count once both ends are known, whichever is later', async () => {
      await store('late', [
        { version: '1', callEnds: 12_000 },
        { version: '1', callEnds: 5_000, answerEnds: 31_000 },
      ])
      expect((await callsOf('late', ['gateway'])).map(({ at: start }) => start)).toEqual([10_000, 30_000])
    })

    test('that nobody answered belong to no arm', async () => {
      await store('lost', [{ version: '1', callFailed: true, isAnswered: false }])
      expect(await callsOf('lost', ['gateway'])).toEqual([])
    })

    test('may be a part of the traces, the same part every time', async () => {
      await store(
        'many',
        Array.from({ length: 300 }, () => ({ version: '1' })),
      )
      const [part, again] = [await callsOf('many', ['gateway'], 3), await callsOf('many', ['gateway'], 3)]
      expect(part[0]!.calls).toBeGreaterThan(50)
      expect(part[0]!.calls).toBeLessThan(150)
      expect(again).toEqual(part)
    })

    test('are of those who call the service by its name', async () => {
      await store('pay', [
        { version: '1', caller: 'web' },
        { version: '1', caller: 'web' },
        { version: '1', caller: 'mobile', peer: 'pay.shop.svc.cluster.local' },
        { version: '1', caller: 'mesh', peer: 'pay-canary.shop' },
        { version: '1', caller: 'stranger', peer: 'payments' },
        { version: '1', caller: 'pay' },
      ])
      expect(await reader.callers('pay', tick, tick + 60_000)).toEqual(['web', 'mesh', 'mobile'])
      expect(await reader.callers('pay', tick + 60_000, tick + 120_000)).toEqual([])
    })
  })
}
