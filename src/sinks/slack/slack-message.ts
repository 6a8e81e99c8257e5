import type { Notice, NoticeKind } from '../../report/messages/notice.ts'

/**
 * The texts of one Slack message. Everything from outside stands in elements of rich text, which Slack shows as they
 * are: no name can be bold, a link or a mention. `text` is what phones and screen readers get; it is sent with
 * `mrkdwn: false` and its three special characters escaped.
 */
export type SlackMessage = { readonly text: string; readonly mrkdwn: false; readonly blocks: readonly RichText[] }

type Style = { readonly bold?: true }

type Element =
  | { readonly type: 'text'; readonly text: string; readonly style?: Style }
  | { readonly type: 'emoji'; readonly name: string }
  | { readonly type: 'link'; readonly url: string; readonly text: string }
  | { readonly type: 'usergroup'; readonly usergroup_id: string }
  | { readonly type: 'user'; readonly user_id: string }

type Section = { readonly type: 'rich_text_section'; readonly elements: readonly Element[] }
type List = { readonly type: 'rich_text_list'; readonly style: 'ordered'; readonly elements: readonly Section[] }
type RichText = { readonly type: 'rich_text'; readonly elements: readonly (Section | List)[] }

/** They repeat the silhouettes of the pages. */
const emoji: Readonly<Record<NoticeKind, string>> = {
  rollback: 'octagonal_sign',
  promote: 'white_check_mark',
  hold: 'double_vertical_bar',
  waits: 'double_vertical_bar',
  nodata: 'grey_question',
  started: 'arrow_forward',
  finished: 'checkered_flag',
  test: 'wrench',
}

function plain(text: string): Element {
  return { type: 'text', text }
}

function bold(text: string): Element {
  return { type: 'text', text, style: { bold: true } }
}

function line(...elements: readonly Element[]): Section {
  return { type: 'rich_text_section', elements }
}

/** `*payments* · production · 2.4.0 → 2.4.1` without the marks. */
function headingOf({ service, namespace, environment, baseline, canary }: Notice): string {
  const versions = canary === '' ? '' : `${baseline} → ${canary}`
  return [service, namespace, environment, versions].filter((part) => part !== '').join(' · ')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function linksOf({ links }: Notice): readonly Element[] {
  return links.flatMap(({ text, href }, index): Element[] => [
    ...(index === 0 ? [] : [plain('  ·  ')]),
    { type: 'link', url: href, text },
  ])
}

/** @param id of a user group (S…) or a user (U…, W…). */
function mentionOf(id: string): Element {
  return id.startsWith('S') ? { type: 'usergroup', usergroup_id: id } : { type: 'user', user_id: id }
}

/** The first line that everybody sees, and what comes with it in a notification. */
function firstLine(notice: Notice): string {
  return `${notice.action} ${headingOf(notice)}: ${notice.shortSentence}`
}

/** Lines in one section; Slack does not say that sections stand under each other. */
function sectionOf(lines: readonly (readonly Element[])[]): readonly Section[] {
  const filled = lines.filter((elements) => elements.length > 0)
  if (filled.length === 0) return []
  return [line(...filled.flatMap((elements, index) => (index === 0 ? elements : [plain('\n'), ...elements])))]
}

/** The whole of a message: sentence, numbers, links. @param mention whom to call, null: nobody. */
export function slackMessage(notice: Notice, mention: string | null): SlackMessage {
  const { kind, action, shortSentence, facts, remarks, standing, isObserved } = notice
  const called = mention === null ? [] : [plain('  '), mentionOf(mention)]
  const mark = { type: 'emoji', name: emoji[kind] } as const
  const head = [[mark, plain(' '), bold(action), plain(` ${headingOf(notice)}`), ...called], [bold(shortSentence)]]
  const observed = isObserved ? 'Only observed: nothing acts on this.' : ''
  const rest = [remarks, standing, observed].filter((part) => part !== '').join(' ')
  const tail = [rest === '' ? [] : [plain(rest)], linksOf(notice)]
  const elements =
    facts.length === 0 ? sectionOf([...head, ...tail]) : [...sectionOf(head), listOf(facts), ...sectionOf(tail)]
  return { text: escaped(firstLine(notice)), mrkdwn: false, blocks: [{ type: 'rich_text', elements }] }
}

function listOf(facts: readonly string[]): List {
  return { type: 'rich_text_list', style: 'ordered', elements: facts.map((fact) => line(plain(fact))) }
}

/** One line of a thread: what changed. */
export function slackLine(notice: Notice, mention: string | null): SlackMessage {
  const { kind, action, shortSentence, remarks, links } = notice
  const called = mention === null ? [] : [plain('  '), mentionOf(mention)]
  const rest = remarks === '' ? '' : ` ${remarks}`
  const report = links
    .slice(0, 1)
    .flatMap(({ text, href }): Element[] => [plain('  '), { type: 'link', url: href, text }])
  const section = line(
    ...[{ type: 'emoji', name: emoji[kind] } as const, plain(' '), bold(action), plain(` ${shortSentence}${rest}`)],
    ...report,
    ...called,
  )
  return { text: escaped(firstLine(notice)), mrkdwn: false, blocks: [{ type: 'rich_text', elements: [section] }] }
}
