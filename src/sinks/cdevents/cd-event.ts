import type { DeploymentNotice, Message } from '../../domain/sink.ts'
import type { Notice } from '../../report/messages/notice.ts'
import { clip, plainText } from '../../report/messages/plain-text.ts'

/** The specification that the events are of. */
const specversion = '0.5.1'

const longestReason = 1024

/** An event of CDEvents: what it is of, and what CloudEvents' headers repeat. */
export type CdEvent = {
  readonly context: {
    readonly specversion: string
    readonly id: string
    readonly source: string
    readonly type: string
    readonly timestamp: string
  }
  readonly subject: { readonly id: string; readonly source: string; readonly content: object }
  readonly customData: object
  readonly customDataContentType: 'application/json'
}

type Outcome = 'success' | 'failure' | 'cancel' | 'error'

type Unit = Pick<DeploymentNotice, 'environment' | 'service'>

function contentOf({ environment, service }: Unit): object {
  return {
    // The schemas want at least one character.
    environment: { id: plainText(environment) || 'default' },
    testSuite: { id: 'davy', name: `Davy's judgement of ${clip(plainText(service), 200)}` },
  }
}

/** One judged deployment is one run of a test suite; how it ended, or null while it goes on. */
function endOf(message: Message): { outcome: Outcome; severity?: 'critical' } | null {
  switch (message.type) {
    case 'verdict.decided':
      return message.data.decision === 'rollback' ? { outcome: 'failure', severity: 'critical' } : null
    case 'deployment.finished':
      if (message.data.outcome === 'promoted') return { outcome: 'success' }
      return { outcome: message.data.outcome === 'expired' ? 'error' : 'cancel' }
    default:
      return null
  }
}

/**
 * A message as a CDEvent, or null when the specification has none for it: the start of a deployment is
 * `testsuiterun.started`, a rollback or the end of the deployment `testsuiterun.finished`, a test message one of the
 * specification's custom events.
 * @param source Davy's public URL.
 */
export function cdEventOf(message: Message, notice: Notice, source: string): CdEvent | null {
  const context = (type: string) => ({ specversion, id: message.id, source, type, timestamp: message.time })
  const common = { customData: { davy: message.data }, customDataContentType: 'application/json' } as const
  const subject = (content: object) => ({ id: message.subject, source, content })
  if (message.type === 'endpoint.test') {
    return { context: context('dev.cdeventsx.davy-endpoint.tested.0.1.0'), subject: subject({}), ...common }
  }
  const content = contentOf(message.data)
  if (message.type === 'deployment.started') {
    const started = { ...content, trigger: { type: 'event' } }
    return { context: context('dev.cdevents.testsuiterun.started.0.3.0'), subject: subject(started), ...common }
  }
  const end = endOf(message)
  if (end === null) return null
  const reason = clip([notice.sentence, ...notice.facts].join('; '), longestReason)
  const finished = { ...content, ...end, reason }
  return { context: context('dev.cdevents.testsuiterun.finished.0.3.0'), subject: subject(finished), ...common }
}
