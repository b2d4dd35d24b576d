import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  arrayStatements,
  changedOf,
  givenOf,
  unnestOf,
} from '../../../../writer/load/tables/column-arrays.ts'
import type { Columns } from '../../../../writer/load/tables/table.ts'

const COLUMNS = {
  exporter: { name: 'exporter', type: 'inet', combine: 'key' },
  domain: { name: 'observation_domain', type: 'bigint', combine: 'key' },
  bootedMicros: { name: 'booted_at', type: 'micros', nullable: true, combine: 'coalesce' },
  seenMicros: { name: 'seen_at', type: 'micros', combine: 'greatest' },
  flowRecords: { name: 'flow_records', type: 'bigint', combine: 'add' },
  state: { name: 'state', type: 'text', nullable: true, combine: 'replace' },
} as const satisfies Columns

const ROW = {
  exporter: '192.0.2.1',
  domain: 0,
  bootedMicros: null,
  seenMicros: 5,
  flowRecords: 0,
  state: null as string | null,
}

/** Reads the number of elements in the head of a binary array. */
function sizeOf(value: unknown): number {
  const array = value as Buffer
  return array.readInt32BE(0) === 0 ? 0 : array.readInt32BE(12)
}

describe('columns in arrays', () => {
  it('are read from parameters in their order', () => {
    const { exporter, seenMicros, state } = COLUMNS
    assert.equal(
      unnestOf({ exporter, seenMicros, state }, 2),
      'unnest($2::inet[], $3::timestamptz[], $4::text[]) as given ("exporter", "seenMicros", "state")',
    )
  })

  it('get initial values beyond the end of their arrays, unless they are keys or may be NULL', () => {
    const { exporter, bootedMicros, seenMicros, flowRecords } = COLUMNS
    assert.equal(
      givenOf({ exporter, bootedMicros, seenMicros, flowRecords }),
      `given."exporter", given."bootedMicros", ` +
        `coalesce(given."seenMicros", timestamptz 'epoch') as "seenMicros", ` +
        `coalesce(given."flowRecords", 0) as "flowRecords"`,
    )
    assert.equal(changedOf({ exporter, flowRecords }), 'changed."exporter", changed."flowRecords"')
  })

  it('cannot be of a type that has no array', () => {
    const columns = { fields: { name: 'fields', type: 'jsonb' } } as const
    assert.throws(() => unnestOf(columns, 1), TypeError)
  })
})

describe('statements with arrays', () => {
  const statementsOf = (rows: readonly (typeof ROW)[]) => [
    ...arrayStatements({ name: 'add', text: 'select', columns: COLUMNS, before: ['more'] }, rows),
  ]

  it('are none without rows', () => {
    assert.deepEqual(statementsOf([]), [])
  })

  it('leave the arrays of columns empty in which no row has anything', () => {
    const [statement, ...others] = statementsOf([ROW, { ...ROW, domain: 7 }])
    assert.deepEqual(others, [])
    const [more, exporters, ...arrays] = statement?.values ?? []
    assert.deepEqual([more, exporters], ['more', '{192.0.2.1,192.0.2.1}'])
    assert.deepEqual(arrays.map(sizeOf), [2, 0, 2, 0, 0])
  })

  it('are several when the texts or the rows are too many for one', () => {
    const long = { ...ROW, state: 'long'.repeat(1024 * 1024) }
    const sizes = (rows: readonly (typeof ROW)[]) =>
      statementsOf(rows).map(({ values }) => sizeOf(values[2]))
    assert.deepEqual(sizes([long, ROW, long, ROW, long, long, long, ROW]), [3, 3, 2])
    assert.deepEqual(sizes(new Array(120_000).fill(ROW)), [50_000, 50_000, 20_000])
  })
})
