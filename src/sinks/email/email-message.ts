import type { Mail, Message } from '../../domain/sink.ts'
import { html } from '../../report/markup.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip } from '../../report/messages/plain-text.ts'

/** Mail programs show less; a header line has 998 characters. */
const longestSubject = 200

function headingOf({ service, namespace, environment, baseline, canary }: Notice): string {
  const versions = canary === '' ? '' : `${baseline} → ${canary}`
  return [service, namespace, environment, versions].filter((part) => part !== '').join(' · ')
}

function restOf({ remarks, standing, isObserved }: Notice): string {
  const observed = isObserved ? 'Only observed: nothing acts on this.' : ''
  return [remarks, standing, observed].filter((part) => part !== '').join(' ')
}

/** '[Roll back] checkout 2.4.1, production: fails 3.1% of requests against 0.50%, nearly all on POST /pay'. */
function subjectOf(notice: Notice): string {
  const { action, service, canary, environment, predicate, kind } = notice
  if (kind === 'test') return clip(`[Test] ${predicate}`, longestSubject)
  return clip(`[${action}] ${service} ${canary}, ${environment}: ${predicate}`, longestSubject)
}

function textOf(notice: Notice): string {
  const { action, sentence, facts, links } = notice
  const parts = [
    `${action}: ${headingOf(notice)}`,
    sentence,
    facts.map((fact, index) => `${index + 1}. ${fact}`).join('\n'),
    restOf(notice),
    links.map(({ text, href }) => `${text}: ${href}`).join('\n'),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function htmlOf(notice: Notice): string {
  const { action, sentence, facts, links, kind } = notice
  const rest = restOf(notice)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${action}</title></head><body>
<p>${action} ${kind === 'test' ? '' : headingOf(notice)}</p>
<p><strong>${sentence}</strong></p>
${facts.length > 0 && html`<ol>${facts.map((fact) => html`<li>${fact}</li>`)}</ol>`}
${rest !== '' && html`<p>${rest}</p>`}
${links.length > 0 && html`<p>${links.map(({ text, href }, index) => html`${index > 0 && ' · '}<a href="${href}">${text}</a>`)}</p>`}
</body></html>
`.markup
}

/** What a deployment's mails are replies to; mail programs make a thread of them. No mail has it itself. */
function threadOf(message: Message, host: string): string {
  return `<${message.subject.replace(/[^\w.-]/g, '')}.deployment@${host}>`
}

/**
 * A mail as its parts. The message's id is its Message-ID, so that programs show once what was sent twice.
 * @param host of Davy's public URL, for ids.
 */
export function mailOf(
  notice: Notice,
  message: Message,
  host: string,
): Pick<Mail, 'subject' | 'text' | 'html' | 'headers'> {
  const thread = threadOf(message, host)
  return {
    subject: subjectOf(notice),
    text: textOf(notice),
    html: htmlOf(notice),
    headers: {
      'Message-ID': `<${message.id.replace(/[^\w.-]/g, '')}@${host}>`,
      ...(message.type === 'endpoint.test' ? {} : { 'In-Reply-To': thread, References: thread }),
      'Auto-Submitted': 'auto-generated',
      'X-Davy-Message': message.id.replace(/[^\w.-]/g, ''),
    },
  }
}
