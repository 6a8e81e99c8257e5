import { type Platform, startPlatform } from './platform.ts'

export const teamsPath = '/workflows/abc/triggers/manual/paths/invoke'

function isCard(card: unknown): boolean {
  const { type, version, body, actions } = (card ?? {}) as Record<string, unknown>
  if (type !== 'AdaptiveCard' || !/^1\.[0-5]$/.test(String(version)) || !Array.isArray(body)) return false
  const areBlocks = body.every((block: { type?: unknown; inlines?: unknown }) => {
    if (block.type !== 'RichTextBlock' || !Array.isArray(block.inlines)) return false
    return block.inlines.every((run) => run.type === 'TextRun' && typeof run.text === 'string' && run.text !== '')
  })
  const list = actions as readonly { type?: unknown; url?: unknown; title?: unknown }[]
  return (
    areBlocks &&
    list.every(
      ({ type: kind, url, title }) => kind === 'Action.OpenUrl' && /^https?:/.test(String(url)) && title !== '',
    )
  )
}

/** A Workflows webhook of Teams, simulated: Adaptive Cards of at most 28 KB, answered with 202. */
export function startTeams(): Promise<Platform> {
  return startPlatform(({ method, path, text, json }) => {
    if (method !== 'POST' || path !== teamsPath) return { status: 404, body: { error: { code: 'WorkflowNotFound' } } }
    if (Buffer.byteLength(text) > 28 * 1024)
      return { status: 413, body: { error: { message: 'Request Entity Too Large' } } }
    const attachments = (json?.attachments ?? []) as readonly { contentType?: unknown; content?: unknown }[]
    const isMessage = json?.type === 'message' && attachments.length > 0
    const areCards = attachments.every(
      ({ contentType, content }) => contentType === 'application/vnd.microsoft.card.adaptive' && isCard(content),
    )
    return isMessage && areCards ? { status: 202 } : { status: 400, body: { error: { message: 'Invalid card' } } }
  })
}
