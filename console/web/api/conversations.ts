/** `/api/conversations`: both directions in one row. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { literalSql } from '../../query/literal-sql.ts'
import { conversationsQuery } from '../../query/questions.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { type Asking, question } from './question.ts'
import * as value from './values.ts'

export const ORDERS = ['time', 'bytes', 'packets', 'duration'] as const

const query = z.strictObject({
  ...parameter.range,
  limit: parameter.count(100, 1, 10_000).describe('by time the newest of them'),
  order: parameter.word(ORDERS, 'time'),
  least_packets: parameter.count(0, 0, 999_999_999).describe('those with as many packets at least'),
  filter: parameter.filter.describe('which; the client is the source'),
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

export const conversations = question({
  path: '/api/conversations',
  summary: 'Conversations: both directions in one row',
  query,
  reply,
  since: '1h',
  table: ({ rows }) => column.tableOf(conversation.names, rows),
  answer,
})

async function answer(own: z.infer<typeof query>, { ask }: Asking): Promise<ConversationsReply> {
  const { since, until, limit, order } = own
  const leastPackets = own.least_packets
  const filter = parseFilter(own.filter)
  const sql = conversationsQuery({ since, until, limit, order, leastPackets, filter })
  const rows = await ask(sql)
  const options = { since, until, limit, order, packets: leastPackets || undefined }
  return {
    since,
    until,
    rows: rows.map(conversation.read),
    sql: literalSql(sql),
    command: terminalCommand('conversations', options, [own.filter]),
  }
}
