import type { Davy } from '../davy.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at with matchers
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: any; readonly text: string }

export type Caller = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** Calls Davy's API over its socket; a body goes as JSON, and a JSON answer comes parsed. */
export function callerOf(davy: Pick<Davy, 'url'>): Caller {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(davy.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, text }
  }
}

/** The parsed answer of a call that must succeed. @throws Error with the status and the text of any other. */
export async function callOf<T>(davy: Pick<Davy, 'url'>, method: string, path: string, body?: object): Promise<T> {
  const answer = await callerOf(davy)(method, path, body)
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer.body as T
}
