/** TABLES.md lists the tables, views and columns that a migrated database has. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLOW_COLUMNS } from '../../writer/load/copy/flow-columns.ts'
import { findElement } from '../../writer/netflow/elements/element-registry.ts'
import { SYNONYMS } from '../../writer/netflow/elements/synonyms.ts'
import { readDocument, sectionOf, tableOf, tablesOf } from '../helpers/markdown.ts'
import { useClient } from '../helpers/use-client.ts'

const TABLES = readDocument('migrations/TABLES.md')

/** Returns the names in the first column of a table; a cell may list several. */
function namesIn(text: string): string[] {
  return tableOf(text).flatMap(([names = '']) => names.split(', '))
}

describe('TABLES.md', () => {
  const fixture = useClient()

  async function columnsOf(relation: string): Promise<string[]> {
    const { rows } = await fixture.client.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [relation],
    )
    return rows.map(({ name }) => name)
  }

  it('lists exactly the tables and views of the database', async () => {
    const { rows } = await fixture.client.query<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')
         and not relispartition and relname <> 'netflow_migrations'`,
    )
    const listed = namesIn(TABLES)
    assert.deepEqual(listed.sort(), rows.map(({ name }) => name).sort())
  })

  it('lists exactly the columns of flows, in their order and with their types', () => {
    const documented = tableOf(sectionOf(TABLES, 'Columns of flows'))
    assert.deepEqual(
      documented.map(([name, type]) => `${name} ${type}`),
      FLOW_COLUMNS.map(({ name, type }) => `${name} ${type}`),
    )
  })

  it("lists exactly the vendors' elements that fill columns", () => {
    const section = sectionOf(TABLES, 'Columns of flows')
    const listed = new Map<string, number>()
    for (const [element = '', v9 = '', name = '', iana] of tablesOf(section).at(1) ?? []) {
      const [enterprise = 0, id = 0] = element.split('/').map(Number)
      assert.equal(findElement(enterprise, id)?.name, name)
      listed.set(`${enterprise}.${id}`, Number(iana))
      if (v9 === '') continue
      assert.deepEqual(findElement(0, Number(v9)), findElement(enterprise, id))
      listed.set(`0.${v9}`, Number(iana))
    }
    const known = [...SYNONYMS].map(([key, { id }]) => [key, id] as const)
    assert.deepEqual(new Map([...listed].sort()), new Map(known.sort()))
  })

  it('lists exactly the columns of exporter_streams', async () => {
    const documented = namesIn(sectionOf(TABLES, 'Counters of a stream'))
    assert.deepEqual(documented.sort(), (await columnsOf('exporter_streams')).sort())
  })

  it('lists exactly the columns of the balance, in their order', async () => {
    const documented = namesIn(sectionOf(TABLES, 'The balance'))
    assert.deepEqual(documented, await columnsOf('balance'))
  })
})
