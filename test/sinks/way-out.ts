import type { AttemptResult, Delivery, Endpoint, Ports } from '../../src/domain/sink.ts'
import { createAddressGuard } from '../../src/platform/address-guard.ts'
import { createGuardedHttp } from '../../src/platform/guarded-http.ts'
import { createGuardedMail } from '../../src/platform/guarded-mail.ts'
import { type Case, deliveryTo, endpointOf, sinkOf } from './deliveries.ts'

const guard = createAddressGuard({ allowedNetworks: [], allowLoopback: true })

/** The ways out as a server has them, to this machine only. */
const ports: Ports = { http: createGuardedHttp({ guard }).http, mail: createGuardedMail({ guard }) }

/** One attempt to hand a case to an endpoint of a format, over real sockets. */
export function send(
  format: string,
  settings: Partial<Endpoint>,
  told: Case,
  changes: Partial<Delivery> = {},
): Promise<AttemptResult> {
  const delivery = deliveryTo(endpointOf(format, settings), told, changes)
  return sinkOf(format).deliver(delivery, ports, new AbortController().signal)
}
