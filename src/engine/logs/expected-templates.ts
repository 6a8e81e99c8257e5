import type { Facts } from '../../storage/facts.ts'
import { FactMirror } from '../fact-mirror.ts'
import type { LogTemplate } from './template-book.ts'

/** What a person said of a template. `unexpected` takes back what was said before. */
export type TemplateFeedback = {
  readonly service: string
  readonly hash: string
  readonly verdict: 'expected' | 'unexpected'
  readonly reason: string
  /** RFC 3339; until then the template is no evidence. */
  readonly expiresAt: string
  readonly by: string
  /** The template as it read then, and the skeletons that it stood for. */
  readonly text: string
  readonly skeletons: readonly number[]
}

/** A template that is no evidence for a while: who said so, when, until when, and why. */
export type Muted = Pick<TemplateFeedback, 'reason' | 'expiresAt' | 'by'> & { readonly at: string }

/** What somebody said last, and when (RFC 3339). */
type Word = TemplateFeedback & Pick<Muted, 'at'>

/** Templates that people expect. Each word is a fact, so it stands who said what; the last one on a template counts. */
export class ExpectedTemplates {
  readonly #facts: Facts
  readonly #mirror: FactMirror
  readonly #newId: () => string

  constructor(facts: Facts, newId: () => string) {
    this.#facts = facts
    this.#mirror = new FactMirror(facts, ['log-template-feedback'])
    this.#newId = newId
  }

  /** @returns the id under which it is on record. */
  async say(feedback: TemplateFeedback): Promise<string> {
    const id = this.#newId()
    await this.#facts.putOnce('log-template-feedback', id, feedback.service, feedback)
    await this.#mirror.refresh()
    return id
  }

  refresh(): Promise<void> {
    return this.#mirror.refresh()
  }

  /** The last word on a template, null when there is none. It holds for whatever its skeletons are part of now. */
  wordOn(service: string, template: LogTemplate): Word | null {
    const said = this.#mirror.facts.filter(({ subject }) => subject === service)
    if (said.length === 0) return null
    const own = new Set(template.skeletons)
    const last = said.findLast(({ body }) => {
      const { hash, skeletons } = body as TemplateFeedback
      return hash === template.hash || skeletons.some((skeleton) => own.has(skeleton))
    })
    return last === undefined ? null : { ...(last.body as TemplateFeedback), at: last.at }
  }
}

/**
 * Whether a template is no evidence at a time, by the last word on it; null: it is evidence.
 * @param at Unix milliseconds.
 */
export function mutedBy(word: Word | null, at: number): Muted | null {
  if (word === null || word.verdict !== 'expected' || Date.parse(word.expiresAt) <= at) return null
  const { reason, expiresAt, by } = word
  return { reason, expiresAt, by, at: word.at }
}
