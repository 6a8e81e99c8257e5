/**
 * Every error that Davy tells a caller about is a row here: its stable `code`, the HTTP status, and the title of the
 * RFC 9457 problem. The `detail` of one occurrence says what was expected, what came, and where to look.
 */
export const errorTable = {
  VALIDATION: { status: 400, title: 'The request does not fit its schema' },
  BAD_OTLP: { status: 400, title: 'The body is not valid OTLP' },
  BAD_REMOTE_WRITE: { status: 400, title: 'The body is not a valid Prometheus remote write, or not all of it is' },
  BAD_ENCODING: { status: 400, title: 'The body cannot be decompressed' },
  NOT_RECEIVED: { status: 400, title: 'The body did not come whole' },
  UNAUTHENTICATED: { status: 401, title: 'A token is needed' },
  FORBIDDEN: { status: 403, title: 'The token has not the role for this' },
  CROSS_ORIGIN: { status: 403, title: 'Writes from other origins are refused' },
  NOT_FOUND: { status: 404, title: 'Nothing is there' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The path does not take this method' },
  BODY_TIMEOUT: { status: 408, title: 'The body took too long to come' },
  CONFLICT: { status: 409, title: 'The request contradicts what is recorded' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type is not taken here' },
  UNSUPPORTED_ENCODING: { status: 415, title: 'The content encoding is not taken here' },
  MISDIRECTED: { status: 421, title: 'The Host header names another machine' },
  UNPROCESSABLE: { status: 422, title: 'The request is well formed and cannot be carried out' },
  WINDOWS_DISJOINT: { status: 422, title: 'The windows of the two cohorts do not overlap' },
  TOO_MANY_LOOKS: { status: 422, title: 'The analysis would need too many looks' },
  OVERLOADED: { status: 429, title: 'Too much is waiting' },
  INTERNAL: { status: 500, title: 'Davy failed; this says nothing about the release' },
  STORAGE_DOWN: { status: 503, title: 'The storage does not answer' },
  SOURCE_DOWN: { status: 503, title: 'A system that is asked for metrics does not answer as it should' },
  STOPPING: { status: 503, title: 'Davy is stopping' },
  CONFIG: { status: 500, title: 'The configuration is not valid' },
} as const

export type ErrorCode = keyof typeof errorTable

export type ErrorFields = {
  /** What would have been right. */
  readonly expected?: string
  /** What came instead; never a secret. */
  readonly got?: string
  /** Where: a JSON pointer, a file and line, a header. */
  readonly where?: string
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** An error with a row in {@link errorTable}. Thrown for what is not a normal outcome; `detail` is one sentence. */
export class DavyError extends Error {
  override readonly name = 'DavyError'
  readonly code: ErrorCode
  readonly expected: string | undefined
  readonly got: string | undefined
  readonly where: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, detail: string, fields: ErrorFields = {}) {
    super(detail, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.code = code
    this.expected = fields.expected
    this.got = fields.got
    this.where = fields.where
    this.retryAfterSeconds = fields.retryAfterSeconds
  }

  get status(): number {
    return errorTable[this.code].status
  }
}
