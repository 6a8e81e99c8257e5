import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeText, html } from '../../src/report/markup.ts'
import { hostileText } from './hostile.ts'

it('escaped text opens no tag, ends no attribute and hides no direction', () => {
  fc.assert(
    fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), (text) => {
      const escaped = escapeText(text)
      expect(escaped).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/)
      expect(escaped).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
    }),
  )
})

it('text is escaped, markup is not escaped twice, nothing stands for nothing', () => {
  const inner = html`<b>${'<i>'}</b>`
  const items = [inner, '&', 3]
  expect(html`<p title="${'"'}">${items}${null}${undefined}${false}</p>`.markup).toBe(
    '<p title="&quot;"><b>&lt;i&gt;</b>&amp;3</p>',
  )
})
