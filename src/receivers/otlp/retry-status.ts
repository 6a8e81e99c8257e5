import { wireWriter } from './wire-writer.ts'

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo'

/**
 * google.rpc.Status with a google.rpc.RetryInfo among its details: what gRPC's `grpc-status-details-bin` holds when the
 * sender shall try again. @param code a gRPC code. @param retryAfterSeconds at least 0; carried to the nanosecond.
 */
export function retryStatus(code: number, message: string, retryAfterSeconds: number): Uint8Array {
  const writer = wireWriter(160 + message.length)
  const end = (from: number, field: number) => {
    writer.varint(writer.size() - from)
    writer.tag(field, 2)
  }
  const seconds = Math.floor(retryAfterSeconds)
  writer.varint(Math.floor((retryAfterSeconds - seconds) * 1e9))
  writer.tag(2, 0)
  writer.varint(seconds)
  writer.tag(1, 0)
  // Duration, within RetryInfo, within Any.
  end(0, 1)
  end(0, 2)
  const beforeType = writer.size()
  writer.text(retryInfoType)
  end(beforeType, 1)
  end(0, 3)
  const beforeMessage = writer.size()
  writer.text(message)
  end(beforeMessage, 2)
  writer.varint(code)
  writer.tag(1, 0)
  return writer.finish()
}
