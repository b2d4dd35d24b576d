/** Rows that a server refuses with internal errors, as Citus reports what its nodes refuse. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CopyBatch } from '../../../writer/load/copy/copy-batch.ts'
import { FIELD } from '../../../writer/netflow/flow-record.ts'
import { until } from '../../helpers/until.ts'
import { ask, countRows, useLoader } from './loader-harness.ts'
import { messageOf, numberedBatch, typicalRecord } from './sample-rows.ts'

const PORT = 666

/** Rows 100 and 200 go to the port. */
function batchWithBadRows(): CopyBatch {
  const batch = new CopyBatch()
  for (let number = 0; number < 300; number++) {
    const record = typicalRecord(number)
    if (number === 100 || number === 200) record.set(FIELD.dstPort, PORT)
    batch.append(record, messageOf())
  }
  batch.journalTo = 300
  return batch
}

describe('a server with internal errors', () => {
  const given = useLoader()

  const refuseWith = (message: string, condition: string) =>
    ask(
      given.database.url,
      `create or replace function refuse() returns trigger language plpgsql as $$ begin
         if ${condition} then raise exception using errcode = 'XX000', message = '${message}'; end if;
         return new;
       end $$;
       create trigger refuse before insert on flows for each row execute function refuse()`,
    )
  const accept = () => ask(given.database.url, 'drop function refuse cascade')
  const parked = () =>
    ask(
      given.database.url,
      `select (record->>'bytes')::int as number, sqlstate from rejected_records order by id`,
    )

  for (const [title, message] of [
    [
      'in the words of a violated check',
      'new row for relation "flows_1" violates check constraint "c"',
    ],
    ['in words that nobody knows', 'unexpected state of a shard'],
  ] as const) {
    it(`has the rows parked that it refuses ${title}`, async () => {
      await given.harness.loader.start()
      await refuseWith(message, `new.dst_port = ${PORT}`)
      try {
        given.harness.submit(batchWithBadRows())
        given.harness.submit(numberedBatch({ from: 300, count: 10 }))
        await given.harness.committed()
      } finally {
        await accept()
      }
      assert.deepEqual(await countRows(given.database.url), { rows: 308, different: 308 })
      assert.deepEqual(await parked(), [
        { number: 100, sqlstate: 'XX000' },
        { number: 200, sqlstate: 'XX000' },
      ])
    })
  }

  it('that refuses everything is asked again, and no row is parked', async () => {
    await given.harness.loader.start()
    await refuseWith('unexpected state of a shard', 'true')
    const before = await attemptsMade()
    given.harness.submit(batchWithBadRows())
    try {
      await until('more attempts than it takes to suspect rows', async () => {
        const failures = given.harness.lines.filter(({ sqlState }) => sqlState === 'XX000')
        return failures.length > 0 && (await attemptsMade()) > before + 5
      })
    } finally {
      await accept()
    }
    await given.harness.committed()
    assert.deepEqual(await countRows(given.database.url), { rows: 300, different: 300 })
    assert.deepEqual(await parked(), [])
  })

  /** Each attempt that fails rolls a transaction back. */
  async function attemptsMade(): Promise<number> {
    const [row] = await ask(
      given.database.url,
      'select xact_rollback::int as rollbacks from pg_stat_database where datname = current_database()',
    )
    return Number(row?.['rollbacks'] ?? 0)
  }
})
