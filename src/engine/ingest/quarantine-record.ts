import type { Signal } from './signals.ts'

/** What is known of bytes that the storage would not take. */
export type QuarantinedBody = {
  readonly id: string
  readonly signal: Signal
  /** The INSERTs that are not done; the others of its signal are, or it has nothing for them. Empty: nobody knows. */
  readonly kinds: readonly string[]
  /** Without the length in front of a single body. */
  readonly bytes: number
  /** 1; 0 for bytes that hold no whole body; more when a whole segment was put aside. */
  readonly bodies: number
  /** Unix milliseconds. */
  readonly quarantinedAt: number
  /** The engine's own; null when its record is gone. */
  readonly error: { readonly code: number; readonly message: string } | null
  readonly why: string
  /** How often it was put back and came again. */
  readonly retries: number
  /** It stands in line for its INSERT. */
  readonly isRetrying: boolean
}

type Recorded = Pick<QuarantinedBody, 'kinds' | 'quarantinedAt' | 'error' | 'why' | 'retries'>

/** The record that lies beside the bytes, as JSON. */
export function recordText({ kinds, quarantinedAt, error, why, retries }: Recorded): string {
  return `${JSON.stringify({ kinds, quarantinedAt: new Date(quarantinedAt).toISOString(), error, why, retries }, null, 2)}\n`
}

/**
 * Reads a record. Without one, or with one that says nothing, the bytes are no less there: their name tells the kind.
 * @param foundAt Unix milliseconds, in place of a time that is not told.
 */
export function readRecord(text: string | null, id: string, foundAt: number): Recorded {
  const told = text === null ? null : parsed(text)
  if (told !== null) return told
  const kind = /-([A-Za-z]+)-(?:\d+-\d+|rest)$/.exec(id)?.[1]
  return {
    kinds: kind === undefined ? [] : [kind],
    quarantinedAt: foundAt,
    error: null,
    why: 'The storage did not take it; the record of why is not there.',
    retries: 0,
  }
}

function parsed(text: string): Recorded | null {
  try {
    const { kinds, quarantinedAt, error, why, retries } = JSON.parse(text) as Record<string, unknown>
    const at = Date.parse(String(quarantinedAt))
    if (!Array.isArray(kinds) || Number.isNaN(at) || typeof why !== 'string' || typeof retries !== 'number') return null
    return { kinds: kinds.map(String), quarantinedAt: at, error: error as Recorded['error'], why, retries }
  } catch {
    return null
  }
}
