import type { Notice, NoticeKind } from '../../report/messages/notice.ts'
import { bytesOf } from '../../report/messages/plain-text.ts'

/** What a Workflows webhook takes at most. */
const largestCardBytes = 28 * 1024

type Color = 'default' | 'attention' | 'good' | 'warning'
type Run = {
  readonly type: 'TextRun'
  readonly text: string
  readonly weight?: 'bolder'
  readonly color?: Color
  readonly isSubtle?: true
}

const colors: Readonly<Record<NoticeKind, Color>> = {
  rollback: 'attention',
  promote: 'good',
  hold: 'warning',
  waits: 'warning',
  nodata: 'warning',
  started: 'default',
  finished: 'default',
  test: 'default',
}

function paragraph(inlines: readonly Run[], spacing: 'default' | 'small' = 'default'): object {
  return { type: 'RichTextBlock', spacing, inlines }
}

function run(text: string, style: Omit<Run, 'type' | 'text'> = {}): Run {
  return { type: 'TextRun', text, ...style }
}

/**
 * The body of a Teams message: one Adaptive Card 1.4. Everything from outside stands in text runs, which have no markup,
 * so no name can be bold or a link. It stays under {@link largestCardBytes}; where links would not, they are left out from
 * the last to the first.
 */
export function teamsMessage(notice: Notice): string {
  for (let kept = notice.links.length; kept > 0; kept--) {
    const body = cardWith(notice, notice.links.slice(0, kept))
    if (bytesOf(body) <= largestCardBytes) return body
  }
  return cardWith(notice, [])
}

function cardWith(notice: Notice, links: Notice['links']): string {
  const { kind, action, service, namespace, environment, baseline, canary, shortSentence } = notice
  const versions = canary === '' ? '' : `${baseline} → ${canary}`
  const place = [service, namespace, environment, versions].filter((part) => part !== '').join(' · ')
  const observed = notice.isObserved ? 'Only observed: nothing acts on this.' : ''
  const rest = [notice.remarks, notice.standing, observed].filter((part) => part !== '').join(' ')
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: `${action} ${place}: ${shortSentence}`,
    msteams: { width: 'Full' },
    body: [
      paragraph([run(action, { weight: 'bolder', color: colors[kind] }), run(` ${place}`)]),
      paragraph([run(shortSentence, { weight: 'bolder' })], 'small'),
      ...notice.facts.map((fact, index) => paragraph([run(`${index + 1}. ${fact}`)], 'small')),
      ...(rest === '' ? [] : [paragraph([run(rest, { isSubtle: true })], 'small')]),
    ],
    actions: links.map(({ text, href }) => ({ type: 'Action.OpenUrl', title: text, url: href })),
  }
  const contentType = 'application/vnd.microsoft.card.adaptive'
  return JSON.stringify({ type: 'message', attachments: [{ contentType, contentUrl: null, content }] })
}
