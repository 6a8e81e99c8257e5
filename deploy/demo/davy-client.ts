import { Agent, type Dispatcher, request } from 'undici'

/** What the demo reads of a verdict; the API gives more. */
export type Verdict = {
  readonly decision: 'promote' | 'hold' | 'rollback'
  readonly final: boolean
  readonly look: number
  readonly reason: { readonly code: string; readonly summary: string; readonly detail?: string }
  readonly confidence: {
    readonly falseRollbackRate: number
    readonly falsePromoteRate: number
    readonly eValue: number
    readonly promoteEValue: number
  }
  readonly expectedDecisionAt: string | null
  readonly metrics: readonly Metric[]
  readonly template: { readonly name: string; readonly digest: string }
  readonly reportUrl: string
}

export type Metric = {
  readonly name: string
  readonly kind: string
  readonly finding: string
  readonly baseline: { readonly value: number | null; readonly samples: number; readonly pods: number }
  readonly canary: { readonly value: number | null; readonly samples: number; readonly pods: number }
  readonly effect: {
    readonly ratio: number | null
    readonly low: number
    readonly high: number | null
    readonly promoteMargin: number
  }
  readonly promoteProof?: 'ratio' | 'floor'
  readonly where: readonly { readonly attribute: string; readonly value: string; readonly ratio: number | null }[]
}

type Registration = {
  readonly namespace: string
  readonly service: string
  readonly environment: string
  readonly strategy: 'canary'
  readonly canary: { readonly version: string }
  readonly baseline: { readonly version: string }
  readonly template: string
  readonly plannedWeight: number
}

export type DavyClient = {
  /** false while nothing answers, too. */
  isReady(signal: AbortSignal): Promise<boolean>
  putTemplate(name: string, template: object, signal: AbortSignal): Promise<void>
  /** The deployment's id. */
  register(registration: Registration, signal: AbortSignal): Promise<string>
  /** The newest verdict; with an `etag` the next one that differs, or null when none came in `waitSeconds`. */
  verdict(
    id: string,
    etag: string | null,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<{ readonly etag: string | null; readonly verdict: Verdict } | null>
  finish(id: string, outcome: 'promoted' | 'rolled-back' | 'aborted', signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

type Call = {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly accept: readonly number[]
  readonly signal: AbortSignal
}

function readVerdict(body: unknown, path: string): Verdict {
  const verdict = body as Partial<Verdict> | null
  const decided = verdict?.decision === 'promote' || verdict?.decision === 'hold' || verdict?.decision === 'rollback'
  if (decided && typeof verdict.reason?.summary === 'string' && Array.isArray(verdict.metrics))
    return verdict as Verdict
  throw new Error(`GET ${path}: expected a verdict with decision, reason and metrics, got ${JSON.stringify(body)}`)
}

/** Davy's public HTTP API, as far as the demo uses it. An unexpected status is thrown with the problem's detail. */
export function createDavyClient(origin: string): DavyClient {
  // A dispatcher of its own, so that no proxy of the environment stands between the demo and this machine.
  const dispatcher = new Agent()

  async function call(options: Call): Promise<{ response: Dispatcher.ResponseData; body: unknown }> {
    const { method, path, body, headers, accept, signal } = options
    const response = await request(origin + path, {
      method,
      dispatcher,
      signal,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.body.text()
    if (!accept.includes(response.statusCode)) {
      throw new Error(`${method} ${path}: expected ${accept.join(' or ')}, got ${response.statusCode} ${text}`)
    }
    return { response, body: text === '' ? null : JSON.parse(text) }
  }

  return {
    async isReady(signal) {
      try {
        const response = await request(`${origin}/readyz`, { dispatcher, signal })
        await response.body.dump()
        return response.statusCode === 200
      } catch (error) {
        if (signal.aborted) throw error
        return false
      }
    },
    async putTemplate(name, template, signal) {
      await call({ method: 'PUT', path: `/api/v1/templates/${name}`, body: template, accept: [200, 201, 204], signal })
    },
    async register(registration, signal) {
      const path = '/api/v1/deployments'
      const { body } = await call({ method: 'POST', path, body: registration, accept: [200, 201], signal })
      const id = (body as { id?: unknown } | null)?.id
      if (typeof id !== 'string') throw new Error(`POST ${path}: expected an id, got ${JSON.stringify(body)}`)
      return id
    },
    async verdict(id, etag, waitSeconds, signal) {
      const path = `/api/v1/deployments/${id}/verdict${etag === null ? '' : `?wait=${waitSeconds}s`}`
      const headers: Record<string, string> = etag === null ? {} : { 'if-none-match': etag }
      const { response, body } = await call({ method: 'GET', path, headers, accept: [200, 304], signal })
      if (response.statusCode === 304) return null
      const newEtag = response.headers.etag
      return { etag: typeof newEtag === 'string' ? newEtag : null, verdict: readVerdict(body, path) }
    },
    async finish(id, outcome, signal) {
      const path = `/api/v1/deployments/${id}/finish`
      await call({ method: 'POST', path, body: { outcome }, accept: [200, 201, 202, 204], signal })
    },
    close: () => dispatcher.close(),
  }
}
