import { type Platform, type PlatformAnswer, type PlatformRequest, startPlatform } from './platform.ts'

export const slackToken = 'xoxb-12345-secret-token'
export const slackChannel = 'C0123456789'
export const slackHook = '/services/T000/B000/very-secret'

export type Posted = {
  readonly ts: string
  readonly threadTs: string | null
  readonly isBroadcast: boolean
  text: string
  blocks: unknown
  edits: number
}

/** What Slack's reference says of blocks: at most 50, known elements, at most 3,000 characters in one text. */
function blockFault(blocks: unknown): string | null {
  if (!Array.isArray(blocks) || blocks.length === 0 || blocks.length > 50) return 'invalid_blocks'
  return blocks.every(isRichText) ? null : 'invalid_blocks'
}

function isRichText(block: { type?: unknown; elements?: unknown }): boolean {
  if (block.type !== 'rich_text' || !Array.isArray(block.elements) || block.elements.length === 0) return false
  return block.elements.every((part: { type?: unknown; style?: unknown; elements?: unknown }) => {
    if (!Array.isArray(part.elements) || part.elements.length === 0) return false
    if (part.type === 'rich_text_section') return part.elements.every(isElement)
    if (part.type !== 'rich_text_list' || (part.style !== 'ordered' && part.style !== 'bullet')) return false
    return part.elements.every((item: { type?: unknown; elements?: unknown }) => {
      return item.type === 'rich_text_section' && Array.isArray(item.elements) && item.elements.every(isElement)
    })
  })
}

function isElement(element: Readonly<Record<string, unknown>>): boolean {
  const isText = (value: unknown) => typeof value === 'string' && value.length > 0 && value.length <= 3000
  switch (element.type) {
    case 'text':
      return isText(element.text)
    case 'emoji':
      return typeof element.name === 'string' && /^[a-z0-9_+-]+$/.test(element.name)
    case 'link':
      return isText(element.url) && isText(element.text) && /^https?:\/\//.test(String(element.url))
    case 'usergroup':
      return /^S[A-Z0-9]+$/.test(String(element.usergroup_id))
    case 'user':
      return /^[UW][A-Z0-9]+$/.test(String(element.user_id))
    default:
      return false
  }
}

function refuse(error: string): PlatformAnswer {
  return { status: 200, body: { ok: false, error } }
}

/** Slack's Web API (chat.postMessage, chat.update) and an incoming webhook, simulated. */
export async function startSlack(): Promise<Platform & { readonly posted: Posted[] }> {
  const posted: Posted[] = []

  function callApi(method: string, { headers, json = {} }: PlatformRequest): PlatformAnswer {
    if (headers.authorization !== `Bearer ${slackToken}`) return refuse('invalid_auth')
    if (json.channel !== slackChannel) return refuse('channel_not_found')
    const fault = blockFault(json.blocks)
    if (fault !== null) return refuse(fault)
    const text = String(json.text ?? '')
    if (text === '' || text.length > 40_000) return refuse('no_text')
    if (method === 'chat.update') {
      const message = posted.find(({ ts }) => ts === json.ts)
      if (message === undefined) return refuse('message_not_found')
      Object.assign(message, { text, blocks: json.blocks, edits: message.edits + 1 })
      return { status: 200, body: { ok: true, channel: slackChannel, ts: message.ts } }
    }
    const threadTs = json.thread_ts === undefined ? null : String(json.thread_ts)
    if (threadTs !== null && !posted.some(({ ts }) => ts === threadTs)) return refuse('thread_not_found')
    const ts = `1700000000.${String(posted.length + 1).padStart(6, '0')}`
    posted.push({ ts, threadTs, isBroadcast: json.reply_broadcast === true, text, blocks: json.blocks, edits: 0 })
    return { status: 200, body: { ok: true, channel: slackChannel, ts } }
  }

  const platform = await startPlatform((request) => {
    const { path, json } = request
    if (request.method !== 'POST') return { status: 405 }
    if (path === '/api/chat.postMessage' || path === '/api/chat.update') return callApi(path.slice(5), request)
    if (path !== slackHook) return { status: 404, body: 'no_service' }
    const fault = blockFault(json?.blocks)
    return fault === null ? { status: 200, body: 'ok' } : { status: 400, body: fault }
  })
  return { ...platform, posted }
}
