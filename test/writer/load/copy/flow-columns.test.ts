import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { columnsOf, FLOW_COLUMNS } from '../../../../writer/load/copy/flow-columns.ts'
import { FIELD, FIELD_COUNT } from '../../../../writer/netflow/flow-record.ts'
import { createTestDatabase } from '../../../helpers/database.ts'
import { ask } from '../loader-harness.ts'
import { ALL_FIELDS } from '../sample-rows.ts'

describe('the columns of flows', () => {
  it('are those of the table, in its order and with its types', async () => {
    const database = await createTestDatabase()
    const rows = await ask(
      database.url,
      `select attname as name, format_type(atttypid, atttypmod) as type
       from pg_attribute where attrelid = 'flows'::regclass and attnum > 0 and not attisdropped
       order by attnum`,
    )
    await database.drop()
    const types = { 'timestamp with time zone': 'timestamptz' } as Record<string, string>
    assert.deepEqual(
      FLOW_COLUMNS.map(({ name, type }) => ({ name, type })),
      rows.map(({ name, type }) => ({ name, type: types[String(type)] ?? type })),
    )
  })

  it('take every field of a record once', () => {
    const sources = FLOW_COLUMNS.map(({ source }) => source).filter((source) => source in FIELD)
    assert.deepEqual([...sources].sort(), Object.keys(FIELD).sort())
    assert.equal(sources.length, FIELD_COUNT)
  })

  it('follow each other as the encoder writes them: type by type, then field by field', () => {
    const types = ['timestamptz', 'bigint', 'integer', 'macaddr', 'smallint', 'inet', 'jsonb']
    // Within a type, the column that comes from the message is written first.
    const places = FLOW_COLUMNS.map(({ source, type }) => {
      const field = source in FIELD ? FIELD[source as keyof typeof FIELD] : -1
      return types.indexOf(type) * (FIELD_COUNT + 1) + field
    })
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    )
    assert.equal(new Set(places).size, places.length)
  })

  it('can be chosen by field, and always include those that every row has', () => {
    const names = columnsOf((1 << FIELD.protocol) | (1 << FIELD.srcAddr)).map(({ name }) => name)
    assert.deepEqual(names, [
      ...['received_at', 'observation_domain', 'export_version', 'protocol'],
      ...['exporter', 'src_addr'],
    ])
    assert.deepEqual(columnsOf(ALL_FIELDS), FLOW_COLUMNS)
  })
})
