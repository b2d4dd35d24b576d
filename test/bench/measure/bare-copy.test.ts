import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copyImages, readCopyImage, splitCopyImage } from './bare-copy.ts'
import { BenchDatabase } from './bench-database.ts'

const QUERY = "select n, nullif(n, 3) as maybe, 'text ' || n as text from generate_series(1, 7) n"

describe('rows of a binary COPY', () => {
  it('are split into several COPYs that bring the same rows', () =>
    BenchDatabase.with(async (database) => {
      const { client } = database
      const image = await readCopyImage(client, QUERY)
      assert.equal(image.rows, 7)
      const parts = splitCopyImage(image, 3)
      assert.deepEqual(
        parts.map(({ rows }) => rows),
        [3, 3, 1],
      )
      await client.query('create table copied (n int, maybe int, text text)')
      await copyImages(database, 'copied', parts)
      const difference = `(table copied except all ${QUERY}) union all (${QUERY} except all table copied)`
      assert.equal((await client.query(difference)).rowCount, 0)
      assert.equal((await client.query('select from copied')).rowCount, 7)
    }))
})
