import type { Approval } from './approval.ts'
import type { Deployment } from './deployment.ts'
import type { Decision, Verdict } from './verdict.ts'

/**
 * `verdict.changed`: a verdict whose decision or reason is new. `verdict.decided`: one that is promote, rollback or
 * final; who wants the former gets the latter too. `deployment.started`, `deployment.finished`: it opened, it closed.
 */
export const eventTypes = ['verdict.changed', 'verdict.decided', 'deployment.started', 'deployment.finished'] as const

export type EventType = (typeof eventTypes)[number]

/** Where messages go. All of it may be shown to whoever may read; what may not is in {@link Delivery}'s `secrets`. */
export type Endpoint = {
  readonly id: string
  /** Name of the sink that renders for it. */
  readonly format: string
  /** Where the format's own service is when nobody gave another address. */
  readonly url: string
  readonly events: readonly EventType[]
  /** Names that are told about; empty: all. */
  readonly services: readonly string[]
  readonly environments: readonly string[]
  /** Verdicts that are told about; empty: all. Messages without a verdict pass. */
  readonly decisions: readonly Decision[]
  /** Settings of the format, such as a channel or a project; keys and values as its {@link Requirements} say. */
  readonly options: Readonly<Record<string, string>>
  /** Whether a format that can change something, such as a feature flag, does so; false: it says what it would do. */
  readonly act: boolean
  readonly disabled: boolean
  /** Why it is disabled, one sentence; null when it is not. */
  readonly disabledBecause: string | null
  readonly createdAt: string
  readonly origin: 'config' | 'api'
}

/** A deployment as messages tell about it. */
export type DeploymentNotice = Pick<
  Deployment,
  | 'id'
  | 'namespace'
  | 'service'
  | 'environment'
  | 'attempt'
  | 'strategy'
  | 'mode'
  | 'canary'
  | 'baseline'
  | 'plannedWeight'
  | 'startedAt'
  | 'status'
  | 'outcome'
  | 'endedAt'
  | 'progress'
  | 'override'
  | 'supersededBy'
> & { readonly reportUrl: string }

/** One message: `id` is the same over all attempts, processes and replicas, and so are all its bytes. */
export type Message = {
  readonly id: string
  /** When what it tells about happened, RFC 3339. */
  readonly time: string
  /** The deployment's id; of a test message the endpoint's. */
  readonly subject: string
} & (
  | { readonly type: 'verdict.changed' | 'verdict.decided'; readonly data: Verdict }
  | { readonly type: 'deployment.started' | 'deployment.finished'; readonly data: DeploymentNotice }
  | { readonly type: 'endpoint.test'; readonly data: { readonly note: string } }
)

/** What a sink leaves behind for its later deliveries, such as the id of the message that others are replies to. */
export type Receipt = Readonly<Record<string, string>>

/** One message on its way to one endpoint. */
export type Delivery = {
  readonly endpoint: Endpoint
  /** The current one first; a second one while it is being changed. */
  readonly secrets: readonly string[]
  readonly message: Message
  /** The deployment as it stands now; null for a test message. */
  readonly deployment: DeploymentNotice | null
  /** What attempts for the same deployment and endpoint left behind, this message's earlier ones too, oldest first. */
  readonly receipts: readonly Receipt[]
  /**
   * A later message of the deployment is delivered already: a rollback does not wait for what failed before it. What
   * edits a state must not go back to this one.
   */
  readonly isOvertaken: boolean
  /** The time of this attempt. */
  readonly at: Date
  /** The question of a platform that the message answers; absent: it answers none. */
  readonly approval?: Approval
}

/**
 * What came of one attempt. `retry`: trying again makes sense, the caller owns when. `failed`: it does not. `gone`: the
 * endpoint asked never to be called again. `skipped`: the format has nothing to say about this message, and nothing
 * was sent. Texts hold neither secrets nor URLs.
 */
export type AttemptResult =
  | {
      readonly outcome: 'delivered'
      /** Of HTTP or SMTP. */
      readonly status: number
      readonly receipt?: Receipt
      /** What a reader of the delivery log should know, such as what a dry run would have done. */
      readonly note?: string
    }
  | { readonly outcome: 'skipped'; readonly note: string }
  | {
      readonly outcome: 'retry' | 'failed' | 'gone'
      readonly status: number | null
      readonly error: string
      readonly retryAfterSeconds?: number
      /** Of what was done before it failed. */
      readonly receipt?: Receipt
    }

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** `text` is cut at 64 KiB; names of headers are in lower case. */
export type HttpResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export type Mail = {
  /** As smtp://host:587 (STARTTLS where offered; demanded as soon as there is a user) or smtps://host:465. */
  readonly server: string
  readonly user: string | null
  readonly password: string | null
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/** The server's last reply, for example 250, 421 or 550. */
export type MailReply = { readonly status: number; readonly text: string }

/**
 * The ways out of the process. Addresses are resolved, checked and pinned; redirects are not followed; time and size
 * are limited; whatever was answered is returned. They throw nothing but {@link SendError}, which sinks let pass.
 */
export type Ports = {
  /** Requests of a sink with `signature: 'standard-webhooks'` are signed on their way out. */
  readonly http: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>
  readonly mail: (mail: Mail, signal: AbortSignal) => Promise<MailReply>
}

/** No answer came. `message` is fit for the delivery log: no secret, no URL. */
export class SendError extends Error {
  override readonly name = 'SendError'
  /** `blocked`: the address may not be sent to. `stopped`: Davy is stopping, which is no failure of the receiver. */
  readonly kind: 'blocked' | 'invalid' | 'network' | 'stopped' | 'timeout'

  constructor(kind: SendError['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

export type OptionRule = {
  /** What it is, for error messages and the reference: `a Slack channel id, as C0123456789`. */
  readonly description: string
  readonly isRequired?: boolean
  /** Default: any text of at most 1,000 characters. */
  readonly pattern?: RegExp
}

/** What an endpoint needs in order to be one of a format; checked when it is made or configured. */
export type Requirements = {
  readonly schemes: readonly ('http' | 'https' | 'smtp' | 'smtps')[]
  /** null: an endpoint has to give one. */
  readonly defaultUrl: string | null
  /** The URL itself is a password, as incoming webhooks have it: only its origin is ever shown. */
  readonly isUrlSecret: boolean
  readonly options: Readonly<Record<string, OptionRule>>
  /** null: it takes none. `standard-webhooks` secrets are checked and made by the engine. */
  readonly secret: { readonly description: string; readonly isRequired: boolean; readonly pattern?: RegExp } | null
  readonly events: readonly EventType[]
  /** Whether `act` means something. */
  readonly canAct: boolean
  /**
   * Whether a platform goes on by what such an endpoint is told. Its promotes and rollbacks are sent only while a gate
   * would say the same; absent: never.
   */
  readonly isAnswer?: (endpoint: Pick<Endpoint, 'options'>) => boolean
  /**
   * What it changes outlasts the deployment, such as a flag. Its rollbacks are sent only while a gate would say so, and
   * no more once a newer deployment of the unit with the same strategy has begun.
   */
  readonly isLasting?: true
  /**
   * It tells that a rollback is over, so the end of a deployment is sent once its canary gets no more traffic, or the
   * rollback was said to be done. Absent: at once.
   * @param receipts of this endpoint for this deployment.
   */
  readonly waitsForTraffic?: (endpoint: Pick<Endpoint, 'options'>, receipts: readonly Receipt[]) => boolean
  /** What the rules above cannot say, as one sentence of what would be right; null when all is well. */
  readonly fault?: (endpoint: Pick<Endpoint, 'url' | 'options' | 'act'>, hasSecret: boolean) => string | null
}

/** A kind of end that gets messages: renders them and hands them over, once. It keeps no state and does not wait. */
export interface Sink {
  readonly format: string
  readonly signature: 'standard-webhooks' | 'none'
  readonly requires: Requirements
  /** @throws SendError of a port. */
  deliver(delivery: Delivery, ports: Ports, signal: AbortSignal): Promise<AttemptResult>
}

export type SinkOptions = {
  /** How people reach Davy, without a slash at its end. */
  readonly publicUrl: string
}
