/** Calls Davy's API. @throws Error with the answer of what did not succeed. */
export async function call<Answer>(url: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return (text === '' ? {} : JSON.parse(text)) as Answer
}

/** Opens so many deployments, each of a service of its own. @returns their ids. */
export async function openDeployments(url: string, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) {
    const body = { service: `shop-${index}`, canary: { version: '2' }, baseline: { version: '1' } }
    ids.push((await call<{ id: string }>(url, 'POST', '/api/v1/deployments', body)).id)
  }
  return ids
}

/** Makes the verdict of a deployment another one: each call turns promote into hold and back. */
export class Turns {
  readonly #isPromoted = new Set<string>()
  readonly #url: () => string

  constructor(url: () => string) {
    this.#url = url
  }

  async turn(id: string): Promise<void> {
    const decision = this.#isPromoted.has(id) ? 'hold' : 'promote'
    await call(this.#url(), 'POST', `/api/v1/deployments/${id}/override`, { decision, reason: 'a benchmark' })
    if (decision === 'hold') this.#isPromoted.delete(id)
    else this.#isPromoted.add(id)
  }
}
