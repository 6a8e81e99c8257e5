import { context, propagation } from '@opentelemetry/api'
import { type AttemptResult, type Delivery, type Ports, SendError, type Sink } from '../../domain/sink.ts'
import { signing } from './sign.ts'

/** For one attempt as a whole, however many requests it takes. */
const attemptMs = 30_000

/** Everything that leaves tells the trace that it belongs to, when there is one. */
function traced(http: Ports['http']): Ports['http'] {
  return (request, signal) => {
    const headers = { ...request.headers }
    propagation.inject(context.active(), headers)
    return http({ ...request, headers }, signal)
  }
}

function resultOfError({ kind, message }: SendError): AttemptResult {
  // An address that is blocked may be allowed tomorrow, and a name that was rebound be as it was.
  return { outcome: kind === 'invalid' ? 'failed' : 'retry', status: null, error: message }
}

/**
 * Makes one attempt: renders, signs where the format is signed, hands over. It never throws: what a sink throws that is
 * no {@link SendError} is a fault of ours, which is told by `onFault` and is worth a retry after an update.
 */
export async function send(
  sink: Sink,
  delivery: Delivery,
  ports: Ports,
  signal: AbortSignal,
  onFault: (error: unknown) => void,
): Promise<AttemptResult> {
  const limit = AbortSignal.timeout(attemptMs)
  try {
    const way = traced(ports.http)
    const isSigned = sink.signature === 'standard-webhooks'
    const http = isSigned ? signing(way, delivery.message, delivery.at, delivery.secrets) : way
    return await sink.deliver(delivery, { ...ports, http }, AbortSignal.any([signal, limit]))
  } catch (error) {
    if (error instanceof SendError && error.kind === 'stopped' && limit.aborted && !signal.aborted)
      return { outcome: 'retry', status: null, error: `not done within ${attemptMs} ms` }
    if (error instanceof SendError) return resultOfError(error)
    onFault(error)
    return { outcome: 'retry', status: null, error: `the format ${sink.format} failed on this message` }
  }
}
