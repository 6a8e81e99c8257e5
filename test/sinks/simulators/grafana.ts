import { type Platform, startPlatform } from './platform.ts'

export const grafanaToken = 'glsa_secret'

export type Annotation = {
  readonly id: number
  readonly time: number
  readonly timeEnd: number
  readonly tags: readonly string[]
  readonly text: string
  readonly dashboardUID?: string
  readonly panelId?: number
}

/** Grafana's annotations API, simulated: make, change, find by tags. */
export async function startGrafana(): Promise<Platform & { readonly annotations: Annotation[] }> {
  const annotations: Annotation[] = []
  const platform = await startPlatform(({ method, path, query, headers, json }) => {
    if (headers.authorization !== `Bearer ${grafanaToken}`) return { status: 401, body: { message: 'Invalid API key' } }
    if (path === '/api/annotations' && method === 'GET') {
      const wanted = query.getAll('tags')
      return {
        status: 200,
        body: annotations.filter(({ tags }) => wanted.every((tag) => tags.includes(tag))).slice(0, 1),
      }
    }
    const sent = json as unknown as Annotation
    const isTagged = sent.tags.every((tag) => {
      const [key = '', ...rest] = tag.split(':')
      return key.length <= 100 && rest.join(':').length <= 100
    })
    if (!isTagged || sent.text === '' || sent.timeEnd < sent.time)
      return { status: 400, body: { message: 'Bad annotation' } }
    if (path === '/api/annotations' && method === 'POST') {
      annotations.push({ ...sent, id: annotations.length + 1 })
      return { status: 200, body: { id: annotations.length, message: 'Annotation added' } }
    }
    const index = annotations.findIndex(({ id }) => path === `/api/annotations/${id}`)
    if (method !== 'PATCH' || index < 0) return { status: 404, body: { message: 'Annotation not found' } }
    annotations[index] = { ...annotations[index]!, ...sent }
    return { status: 200, body: { message: 'Annotation patched' } }
  })
  return { ...platform, annotations }
}
