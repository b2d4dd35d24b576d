import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Columns,
  emptyRow,
  fieldsOf,
  keysOf,
  namesOf,
  selectOf,
  updatesOf,
  valuesOf,
} from '../../../../writer/load/tables/table.ts'

const COLUMNS = {
  exporter: { name: 'exporter', type: 'inet', combine: 'key' },
  bootedMicros: { name: 'booted_at', type: 'micros', nullable: true, combine: 'coalesce' },
  flowRecords: { name: 'flow_records', type: 'bigint', combine: 'add' },
  total: { name: 'total', type: 'digits', combine: (name: string) => `odd(${name})` },
  firstPort: { name: 'first_port', type: 'integer', combine: 'keep' },
  lastPort: { name: 'last_port', type: 'integer', combine: 'greatest' },
  content: { name: 'content', type: 'bytea', combine: 'replace' },
} as const satisfies Columns

describe('the columns of a table', () => {
  it('are written in their order, by their names in SQL', () => {
    assert.equal(
      namesOf(COLUMNS),
      'exporter, booted_at, flow_records, total, first_port, last_port, content',
    )
  })

  it('are read from JSON by their names in TypeScript', () => {
    assert.equal(
      fieldsOf(COLUMNS),
      '"exporter" inet, "bootedMicros" bigint, "flowRecords" bigint, "total" bigint, ' +
        '"firstPort" integer, "lastPort" integer, "content" text',
    )
  })

  it('turn numbers into times, and text into bytes', () => {
    const { exporter, bootedMicros, content } = COLUMNS
    assert.equal(
      valuesOf({ exporter, bootedMicros, content }),
      `changed."exporter", ` +
        `timestamptz 'epoch' + interval '1 microsecond' * changed."bootedMicros", ` +
        `decode(changed."content", 'base64')`,
    )
  })

  it('are combined with those of a row that exists, but for its key and what it keeps', () => {
    assert.equal(
      updatesOf(COLUMNS),
      'booted_at = coalesce(excluded.booted_at, known.booted_at), ' +
        'flow_records = known.flow_records + excluded.flow_records, ' +
        'total = odd(total), ' +
        'last_port = greatest(known.last_port, excluded.last_port), ' +
        'content = excluded.content',
    )
    assert.deepEqual(keysOf(COLUMNS), { exporter: COLUMNS.exporter })
  })

  it('are selected as numbers and text that TypeScript holds exactly', () => {
    const { exporter, bootedMicros, flowRecords, total, lastPort } = COLUMNS
    assert.equal(
      selectOf({ exporter, bootedMicros, flowRecords, total, lastPort }),
      'host(exporter) as "exporter", ' +
        '(extract(epoch from booted_at) * 1000000)::float8 as "bootedMicros", ' +
        'flow_records::float8 as "flowRecords", total::text as "total", last_port as "lastPort"',
    )
  })

  it('are empty in a new row, and null where they may be', () => {
    const { exporter, bootedMicros, flowRecords } = COLUMNS
    assert.deepEqual(emptyRow({ exporter, bootedMicros, flowRecords }), {
      exporter: '',
      bootedMicros: null,
      flowRecords: 0,
    })
  })
})
