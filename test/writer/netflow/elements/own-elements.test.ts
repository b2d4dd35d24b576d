/** Elements of a user are checked against the registry and against each other. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ElementDefinition } from '../../../../writer/netflow/elements/element-registry.ts'
import { OwnElements } from '../../../../writer/netflow/elements/own-elements.ts'

const ELEMENT: ElementDefinition = { enterprise: 64_512, id: 7, name: 'acmeUser', type: 'string' }

/** Returns what is wrong with an element, after those in `earlier`. */
function problemOf(
  changes: { readonly [name in keyof ElementDefinition]?: unknown },
  earlier: readonly ElementDefinition[] = [],
): string | undefined {
  const own = new OwnElements()
  earlier.forEach((element, index) => {
    assert.equal(own.add(element, `line ${index + 1}`), undefined)
  })
  const problem = own.add({ ...ELEMENT, ...changes } as ElementDefinition, 'line 9')
  assert.equal(own.elements.length, earlier.length + (problem === undefined ? 1 : 0))
  return problem
}

describe('an element of a user', () => {
  it('may be of any enterprise, of v9, or new at IANA', () => {
    for (const numbers of [
      { enterprise: 64_512, id: 0 },
      { enterprise: 0xffff_ffff, id: 0x7fff },
      { enterprise: 0, id: 57_600 },
      { enterprise: 0, id: 32_000 },
    ]) {
      assert.equal(problemOf(numbers), undefined)
    }
  })

  it("may redefine a vendor's element of the registry, under its name or another one", () => {
    const cisco = { enterprise: 9, id: 12_235, type: 'octetArray' }
    assert.equal(problemOf({ ...cisco, name: 'appHTTPHost' }), undefined)
    assert.equal(problemOf({ ...cisco, name: 'acmeHost' }), undefined)
    assert.equal(problemOf({ enterprise: 0, id: 40_000 }), undefined)
  })

  it('may have the name of an element of another enterprise, which means the same', () => {
    assert.equal(problemOf({ name: 'appHTTPHost' }), undefined)
  })

  const wrong = [
    [{ enterprise: -1 }, /the enterprise -1 is not a whole number from 0 to 4294967295/],
    [{ enterprise: 2 ** 32 }, /the enterprise 4294967296 is not a whole number/],
    [{ enterprise: 9.5 }, /the enterprise 9.5 is not a whole number/],
    [{ enterprise: 29_305 }, /those of IANA in reverse; remove/],
    [{ id: 0x8000 }, /the id 32768 is not a whole number from 0 to 32767/],
    [{ enterprise: 0, id: 0 }, /the id 0 is not a whole number from 1 to 65535/],
    [{ enterprise: 0, id: 65_536 }, /the id 65536 is not a whole number from 1 to 65535/],
    [{ enterprise: 0, id: 8 }, /element 0.8 is IANA's sourceIPv4Address; remove/],
    [{ type: 'text' }, /unknown type "text"; use one of unsigned8, .*, subTemplateMultiList/],
    [{ type: 'String' }, /unknown type "String"/],
    [{ name: '' }, /the name "" is not allowed: begin with a letter/],
    [{ name: '64512.7' }, /the name "64512.7" is not allowed/],
    [{ name: 'a"b' }, /the name "a"b" is not allowed/],
    [{ name: 'a'.repeat(101) }, /100 at most/],
    [{ name: 'flowStart' }, /the name flowStart has another meaning in extra; choose another/],
    [{ name: 'octetDeltaCount' }, /the name octetDeltaCount is that of element 0.1; choose/],
    [{ name: 'reverseOctetDeltaCount' }, /is that of element 29305.1; choose/],
    [{ enterprise: 9, name: 'appHTTPHost' }, /is that of element 9.12235; choose/],
  ] as const

  for (const [changes, problem] of wrong) {
    it(`is refused with a remedy: ${JSON.stringify(changes).slice(0, 40)}`, () => {
      assert.match(String(problemOf(changes)), problem)
    })
  }

  it('is refused if its numbers or its name come a second time', () => {
    const repeated = problemOf({ name: 'other' }, [ELEMENT])
    assert.equal(repeated, 'line 1 defines element 64512.7 already; remove one of them')
    const sameName = problemOf({ id: 8 }, [ELEMENT])
    assert.equal(sameName, 'line 1 has the name acmeUser already; choose another one')
  })
})
