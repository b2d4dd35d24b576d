/** The table `held_sets`: data sets of a journal that wait for their template. */

import type pg from 'pg'
import { rowsStatements, type Statement } from '../database/statements.ts'
import { ONLY_KNOWN_STREAMS, STREAM_COLUMNS } from './stream-rows.ts'
import {
  type Columns,
  fieldsOf,
  namesOf,
  type RowChanges,
  type RowOf,
  selectOf,
  valuesOf,
} from './table.ts'

const COLUMNS = {
  id: { name: 'id', type: 'bigint' },
  ...STREAM_COLUMNS,
  templateId: { name: 'template_id', type: 'integer' },
  sourcePort: { name: 'source_port', type: 'integer' },
  receivedMicros: { name: 'received_at', type: 'micros' },
  exportedMicros: { name: 'exported_at', type: 'micros' },
  uptimeMs: { name: 'uptime_ms', type: 'bigint', nullable: true },
  sequence: { name: 'sequence', type: 'bigint' },
  content: { name: 'content', type: 'bytea' },
  /** Number of the datagram in its journal; null: the datagram is counted as expired already. */
  message: { name: 'message', type: 'bigint', nullable: true },
} as const satisfies Columns

export type HeldSetRow = RowOf<typeof COLUMNS>

/** Names a row of the journal. */
export type HeldSetKey = Pick<HeldSetRow, 'id'>

const INSERT = `
  insert into held_sets (${namesOf(COLUMNS)}, journal)
  select ${valuesOf(COLUMNS)}, $2
  from jsonb_to_recordset($1) as changed (${fieldsOf(COLUMNS)})
  ${ONLY_KNOWN_STREAMS}`

const DELETE = 'delete from held_sets where journal = $2 and id = any ($1)'
const EXPIRE = 'update held_sets set message = null where journal = $2 and message = any ($1)'

export function* heldSetStatements(
  { written, removed }: RowChanges<HeldSetKey, HeldSetRow>,
  journalId: string,
): Iterable<Statement> {
  if (removed.length > 0) {
    const ids = arrayText(removed.map(({ id }) => id))
    yield { name: 'delete held sets', text: DELETE, values: [ids, journalId] }
  }
  yield* rowsStatements('insert held sets', INSERT, written.map(toJson), journalId)
}

/** Marks messages that are counted as expired while some of their sets are still held. */
export function* expiryStatements(
  messages: readonly number[],
  journalId: string,
): Iterable<Statement> {
  if (messages.length === 0) return
  yield { name: 'expire messages', text: EXPIRE, values: [arrayText(messages), journalId] }
}

function toJson(row: HeldSetRow): object {
  return { ...row, content: row.content.toString('base64') }
}

function arrayText(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`
}

const SELECT = `select ${selectOf(COLUMNS)} from held_sets where journal = $1 order by id`

/** Reads the sets of a journal in the order of their arrival. */
export async function readHeldSetRows(
  client: pg.Client,
  journalId: string,
): Promise<readonly HeldSetRow[]> {
  const { rows } = await client.query<HeldSetRow>(SELECT, [journalId])
  return rows
}
