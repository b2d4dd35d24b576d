/** `/api/conversations`: conversations, with both directions in one row. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { literalSql } from '../../query/literal-sql.ts'
import { conversationsQuery } from '../../query/questions.ts'
import type { Ask } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const ORDERS = ['time', 'bytes', 'packets', 'duration'] as const

const query = z.strictObject({
  ...parameter.range,
  limit: parameter.count(100, 1, 10_000).describe('how many; by time, the newest'),
  order: parameter.word(ORDERS, 'time'),
  least_packets: parameter
    .count(0, 0, 999_999_999)
    .describe('only those with at least this many packets'),
  filter: parameter.filter.describe('which conversations; the client is the source'),
})

const conversation = column.rowReader({
  started_at: column.time,
  ended_at: column.time,
  seconds: column.number,
  exporter: column.text,
  protocol: column.number,
  protocol_name: column.text,
  service: column.text,
  client: column.text,
  client_port: column.number,
  server: column.text,
  server_port: column.number,
  bytes: column.counter,
  packets: column.counter,
  flows: column.counter,
  client_bytes: column.counter,
  client_packets: column.counter,
  client_flows: column.counter,
  client_flags: column.text,
  server_bytes: column.counter,
  server_packets: column.counter,
  server_flows: column.counter,
  server_flags: column.text,
  told_by: column.text,
})

const reply = z.object({
  ...value.rangeReply,
  rows: z.array(conversation.schema),
  ...value.sameQuestion,
})

export type ConversationsReply = z.infer<typeof reply>

export const conversations = defineQuestion({
  path: '/api/conversations',
  summary: 'Conversations: both directions in one row',
  query,
  reply,
  since: '1h',
  table: ({ rows }) => column.tableOf(conversation.names, rows),
  answer,
})

async function answer(asked: z.infer<typeof query>, ask: Ask): Promise<ConversationsReply> {
  const { since, until, limit, order } = asked
  const leastPackets = asked.least_packets
  const filter = parseFilter(asked.filter)
  const sql = conversationsQuery({ since, until, limit, order, leastPackets, filter })
  const rows = await ask(sql)
  const options = { since, until, limit, order, packets: leastPackets || undefined }
  return {
    since,
    until,
    rows: rows.map(conversation.read),
    sql: literalSql(sql),
    command: terminalCommand('conversations', options, [asked.filter]),
  }
}
