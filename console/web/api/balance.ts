/** `/api/balance`: the outcomes of all datagrams and records. */

import { z } from 'zod'
import * as column from './columns.ts'
import { defineQuestion } from './question.ts'

const SQL = 'select * from balance order by scope, exporter;'

const { counter, text } = column

const balanceRow = column.rowReader({
  scope: text,
  exporter: text,
  collector_received: counter,
  kernel_dropped: counter,
  queue_dropped: counter,
  lost_in_pipe: counter,
  received: counter,
  decoded: counter,
  held: counter,
  expired: counter,
  rejected: counter,
  refused: counter,
  duplicates: counter,
  records: counter,
  stored: counter,
  parked: counter,
  not_stored: counter,
  difference: counter,
  lost_flows: counter,
  lost_records: counter,
  lost_datagrams: counter,
  lost_records_and_templates: counter,
  lost_sets: counter,
  lost_bidirectional_flows: counter,
})

const reply = z.object({
  rows: z.array(balanceRow.schema).describe('difference must be 0'),
  sql: z.string(),
})

export type BalanceReply = z.infer<typeof reply>

export const balance = defineQuestion({
  path: '/api/balance',
  summary: 'The outcomes of all datagrams and records; difference must be 0',
  query: z.strictObject({}),
  reply,
  table: ({ rows }) => column.tableOf(balanceRow.names, rows),
  answer: async (_, ask): Promise<BalanceReply> => {
    const rows = await ask({ text: SQL, values: [] })
    return { rows: rows.map(balanceRow.read), sql: SQL }
  },
})
