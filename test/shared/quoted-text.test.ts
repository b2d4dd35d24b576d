/** Text from outside is cut and escaped before it is logged. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quoteText } from '../../shared/quoted-text.ts'

describe('a quoted text', () => {
  it('that is short and plain stays as it is', () => {
    for (const text of ['', '192.0.2.1', '2001:db8::1', 'Zürich, 東京 😀']) {
      assert.equal(quoteText(text), text)
    }
  })

  it('is cut, and says how long it was', () => {
    assert.equal(quoteText('a'.repeat(60_000), 4), 'aaaa… (60000 characters)')
    assert.equal(quoteText('abcd', 4), 'abcd')
    assert.ok(quoteText('\u0000'.repeat(60_000)).length < 800)
  })

  it('has escapes in place of what a terminal obeys or hides', () => {
    assert.equal(
      quoteText('\u001b[2J\r\n\u0000\u007f\u009b'),
      String.raw`\u001b[2J\u000d\u000a\u0000\u007f\u009b`,
    )
    assert.equal(quoteText('a\u2028b\u202ec\ufeff'), String.raw`a\u2028b\u202ec\ufeff`)
    assert.equal(quoteText('\u{e0001}x'), String.raw`\u{e0001}x`)
  })

  it('holds no half of a surrogate pair, also where it is cut within one', () => {
    assert.equal(quoteText('\ud800x\udc00'), String.raw`\ud800x\udc00`)
    assert.equal(quoteText('a😀b', 2), String.raw`a\ud83d… (4 characters)`)
  })
})
