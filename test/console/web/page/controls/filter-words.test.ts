/** Which words of a filter are completed, and how. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { complete, placeAt } from '../../../../../console/web/page/controls/filter-words.ts'
import { modelFilter } from '../../../query/filter-model.ts'

/** `|` is the caret. */
function placeOf(marked: string) {
  const caret = marked.indexOf('|')
  return placeAt(marked.replace('|', ''), caret)
}

/** Completes at the caret `|`, and marks its new place. */
function completed(marked: string, word: string): string {
  const text = marked.replace('|', '')
  const place = placeOf(marked) ?? assert.fail('nothing is completed')
  const done = complete(text, place, word)
  return `${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`
}

describe('the place of a completion', () => {
  for (const [marked, field, prefix] of [
    ['|', 'word', ''],
    ['s|', 'word', 's'],
    ['src |', 'word', ''],
    ['src host 10.0.0.1 a|', 'word', 'a'],
    ['src host 10.0.0.1 and |', 'word', ''],
    ['not (d|', 'word', 'd'],
    ['proto |', 'proto', ''],
    ['proto t|', 'proto', 't'],
    ['PROTO t|', 'proto', 't'],
    ['port 53 and dst port 4|', 'port', '4'],
    ['exporter co|', 'exporter', 'co'],
    ['in if "Gi0/1 to |', 'if', '"Gi0/1 to '],
    ['in if Gi0|', 'if', 'Gi0'],
    ['flowdir i|', 'flowdir', 'i'],
    ['extra app|', 'extra', 'app'],
  ] as const) {
    it(`in ${marked} asks for ${field}`, () => {
      const place = placeOf(marked)
      assert.deepEqual([place?.field, place?.prefix], [field, prefix])
      assert.equal(place?.begin, marked.indexOf('|') - prefix.length)
    })
  }

  for (const marked of ['src host 10.|', 'net |', 'as 644|', 'bytes |', 'flags S|']) {
    it(`in ${marked} is none, as only the user knows the value`, () => {
      assert.equal(placeOf(marked), undefined)
    })
  }

  it('lies within any text, wherever the caret is', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 60 }),
      modelFilter.map(({ text }) => text),
    )
    fc.assert(
      fc.property(texts, fc.nat(60), (text, at) => {
        const caret = Math.min(at, text.length)
        const place = placeAt(text, caret)
        if (!place) return
        assert.equal(text.slice(place.begin, place.end), place.prefix)
        assert.equal(place.end, caret)
        assert.ok(complete(text, place, 'word').text.includes('word'))
      }),
    )
  })
})

describe('a completion', () => {
  it('replaces what was typed, and goes on after a blank', () => {
    assert.equal(completed('src host 10.0.0.1 an|', 'and'), 'src host 10.0.0.1 and |')
    assert.equal(completed('in if "Gi|', '"Gi0/1 to core"'), 'in if "Gi0/1 to core" |')
  })

  it('keeps what comes after the caret', () => {
    assert.equal(completed('pro| tcp', 'proto'), 'proto| tcp')
  })
})
