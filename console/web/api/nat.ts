/** `/api/nat` and `/api/nat/events`: who was behind a public address, and the latest translations. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { literalSql } from '../../query/literal-sql.ts'
import type { Ask } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { mappingsQuery, translationsQuery } from '../../query/translations.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const mapping = column.rowReader({
  inside_addr: column.text,
  inside_port: column.number,
  protocol: column.number,
  protocol_name: column.text,
  since: column.time,
  until: column.time,
  event_name: column.text,
  first_port: column.number,
  last_port: column.number,
  dst_addr: column.text,
  dst_port: column.number,
  exporter: column.text,
  exporter_name: column.text,
  received_at: column.time,
})

const PORT = 'expected a port from 0 to 65535'

const natQuery = z.strictObject({
  address: z.string().max(64).describe('the public address'),
  port: z
    .string()
    .regex(/^\d{0,5}$/, PORT)
    .refine((text) => Number(text) <= 65_535, PORT)
    .default('')
    .describe('its port; empty: all'),
  ...parameter.moment,
})

const natReply = z.object({
  at: value.time,
  rows: z.array(mapping.schema).describe('empty: nobody was behind it'),
  ...value.sameQuestion,
})

export type NatReply = z.infer<typeof natReply>

export const nat = defineQuestion({
  path: '/api/nat',
  summary: 'Who was behind a public address and port at a time',
  query: natQuery,
  reply: natReply,
  table: ({ rows }) => column.tableOf(mapping.names, rows),
  answer: answerNat,
})

async function answerNat(asked: z.infer<typeof natQuery>, ask: Ask): Promise<NatReply> {
  const { at } = asked
  const address = parameter.readAddress('address', asked.address)
  const port = asked.port === '' ? null : Number(asked.port)
  const sql = mappingsQuery({ address, port, at })
  const rows = await ask(sql)
  const words = port === null ? [address] : [address, String(port)]
  return {
    at,
    rows: rows.map(mapping.read),
    sql: literalSql(sql),
    command: terminalCommand('nat', { at }, words),
  }
}

const natEvent = column.rowReader({
  event_at: column.time,
  received_at: column.time,
  exporter: column.text,
  exporter_name: column.text,
  event: column.number,
  event_name: column.text,
  kind: column.text,
  protocol: column.number,
  protocol_name: column.text,
  inside_addr: column.text,
  inside_port: column.number,
  outside_addr: column.text,
  outside_port: column.number,
  first_port: column.number,
  last_port: column.number,
  dst_addr: column.text,
  dst_port: column.number,
})

const eventsReply = z.object({
  ...value.rangeReply,
  rows: z.array(natEvent.schema).describe('the newest events, in the order of time'),
  ...value.sameQuestion,
})

type NatEventsReply = z.infer<typeof eventsReply>

export const natEvents = defineQuestion({
  path: '/api/nat/events',
  summary: 'The latest translations',
  query: z.strictObject({
    ...parameter.range,
    limit: parameter.count(100, 1, 10_000),
    filter: parameter.filter,
  }),
  reply: eventsReply,
  since: '1h',
  table: ({ rows }) => column.tableOf(natEvent.names, rows),
  answer: async ({ since, until, limit, filter }, ask): Promise<NatEventsReply> => {
    const sql = translationsQuery({ since, until, limit, filter: parseFilter(filter) })
    const rows = await ask(sql)
    return {
      since,
      until,
      rows: rows.map(natEvent.read),
      sql: literalSql(sql),
      command: terminalCommand('nat', { since, until, limit }, [filter]),
    }
  },
})
