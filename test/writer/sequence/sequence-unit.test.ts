/** Tests the numbers of a message in each unit, and the table of units in TABLES.md. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countedUnit,
  countSlack,
  endOf,
  hasSlack,
  isIndeterminate,
  knownUnits,
  type SequenceUnit,
  startOf,
  stepOf,
  stepSlackOf,
} from '../../../writer/sequence/sequence-unit.ts'
import { readDocument, sectionOf } from '../../helpers/markdown.ts'

const MESSAGE = {
  sequence: 100,
  dataRecords: 25,
  optionsRecords: 1,
  templateRecords: 5,
  dataSets: 2,
  undecodedSets: 0,
}

const RANGES: readonly (readonly [SequenceUnit, start: number, end: number])[] = [
  ['none', 100, 100],
  ['datagrams', 100, 101],
  ['flows', 100, 124],
  ['records', 100, 125],
  ['records+templates', 100, 130],
  ['flows-inclusive', 76, 100],
  ['records-inclusive', 75, 100],
  ['sets', 100, 107],
  ['bidirectional-flows', 100, 124],
  ['bidirectional-flows-inclusive', 76, 100],
]

describe('the numbers of a message', () => {
  for (const [unit, start, end] of RANGES) {
    it(`reach from ${start} up to ${end} in the unit ${unit}`, () => {
      assert.deepEqual([startOf(unit, MESSAGE), endOf(unit, MESSAGE)], [start, end])
    })
  }

  it('wrap at 2³²', () => {
    const first = { ...MESSAGE, sequence: 10 }
    assert.equal(startOf('flows-inclusive', first), 2 ** 32 - 14)
    const last = { ...MESSAGE, sequence: 2 ** 32 - 1 }
    assert.equal(endOf('flows', last), 23)
  })

  it('move by the contents of the previous message, or by its own', () => {
    const next = { ...MESSAGE, dataRecords: 32, optionsRecords: 0 }
    assert.equal(stepOf('flows', MESSAGE, next), 24)
    assert.equal(stepOf('flows-inclusive', MESSAGE, next), 32)
  })

  it('are unknown while its records are unknown, unless the unit is datagrams or sets', () => {
    const held = { ...MESSAGE, undecodedSets: 1 }
    const open = RANGES.map(([unit]) => unit).filter((unit) => isIndeterminate(unit, held))
    assert.deepEqual(
      open,
      RANGES.map(([unit]) => unit).filter(
        (unit) => unit !== 'none' && unit !== 'datagrams' && unit !== 'sets',
      ),
    )
  })

  it('have slack where a unit is not exactly known', () => {
    assert.equal(countSlack('bidirectional-flows', MESSAGE), 12)
    assert.equal(countSlack('sets', MESSAGE), 5)
    const next = { ...MESSAGE, dataRecords: 9, optionsRecords: 0, templateRecords: 0 }
    assert.equal(stepSlackOf('bidirectional-flows', MESSAGE, next), 12)
    assert.equal(stepSlackOf('bidirectional-flows-inclusive', MESSAGE, next), 4)
    assert.deepEqual(
      RANGES.map(([unit]) => unit).filter((unit) => countSlack(unit, MESSAGE) > 0),
      RANGES.map(([unit]) => unit).filter(hasSlack),
    )
  })

  it('are lost in the unit without its suffix', () => {
    assert.equal(countedUnit('flows-inclusive'), 'flows')
    assert.equal(countedUnit('records-inclusive'), 'records')
    assert.equal(countedUnit('records+templates'), 'records+templates')
  })
})

describe('the table of units in TABLES.md', () => {
  it('has every known unit of each version, and the standard one', () => {
    const section = sectionOf(readDocument('migrations/TABLES.md'), 'What sequence numbers count')
    const rows = [
      ...section.matchAll(/^\| ([a-z+-]+) \|.*\| ([a-z+-]+) \| (\w*) ?\| (\w*) ?\| (\w*) ?\|$/gm),
    ]
    const [unitsOf, standards] = [new Map<number, string[]>(), new Map<number, string>()]
    for (const [, unit = '', counted, ...cells] of rows) {
      assert.equal(counted, countedUnit(unit as SequenceUnit))
      for (const [index, version] of [5, 9, 10].entries()) {
        if (cells[index] !== '') unitsOf.set(version, [...(unitsOf.get(version) ?? []), unit])
        if (cells[index] === 'standard') standards.set(version, unit)
      }
    }
    for (const version of [5, 9, 10]) {
      const units = knownUnits(version)
      assert.deepEqual(unitsOf.get(version)?.sort(), [...units].sort(), `version ${version}`)
      assert.equal(standards.get(version), units[0])
    }
  })
})
