/** `/api/flows`: single flows in pages, the newest first. */

import { z } from 'zod'
import { parseFilter } from '../../query/filter/filter.ts'
import { type FlowPlace, flowPageQuery } from '../../query/flow-page.ts'
import { literalSql } from '../../query/literal-sql.ts'
import type { Ask, Row, Sql } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { badParameter } from './api-error.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const query = z.strictObject({
  ...parameter.range,
  limit: parameter.count(100, 1, 10_000),
  after: z.string().max(128).default('').describe('next of the previous page, for the same range'),
  filter: parameter.filter,
})

const flow = column.rowReader({
  received_at: column.time,
  exporter: column.text,
  exporter_name: column.text,
  src_addr: column.text,
  src_port: column.number,
  dst_addr: column.text,
  dst_port: column.number,
  protocol: column.number,
  protocol_name: column.text,
  service: column.text,
  application: column.text,
  bytes: column.counter,
  packets: column.counter,
  seconds: column.number,
  flow_start: column.time,
  flow_end: column.time,
  tcp_flags: column.number,
  tcp_flag_letters: column.text,
  tos: column.number,
  icmp_type: column.number,
  icmp_code: column.number,
  input_if: column.counter,
  input_name: column.text,
  output_if: column.counter,
  output_name: column.text,
  direction: column.text,
  src_as: column.number,
  dst_as: column.number,
  next_hop: column.text,
  src_mask: column.number,
  dst_mask: column.number,
  src_vlan: column.number,
  dst_vlan: column.number,
  src_mac: column.text,
  dst_mac: column.text,
  forwarding: column.text,
  drop_reason: column.text,
  end_reason: column.text,
  event: column.number,
  event_name: column.text,
  export_version: column.number,
  observation_domain: column.number,
  sampling_rate: column.counter,
  raw_bytes: column.counter,
  raw_packets: column.counter,
  extra: column.json(z.unknown()),
})

const reply = z.object({
  ...value.rangeReply,
  rows: z.array(flow.schema).describe('the newest first'),
  next: z.string().nullable().describe('after of the next page; null: this is the last page'),
  ...value.sameQuestion,
})

export type FlowsReply = z.infer<typeof reply>

export const flows = defineQuestion({
  path: '/api/flows',
  summary: 'Single flows in pages, the newest first',
  query,
  reply,
  since: '1h',
  table: ({ rows }) => column.tableOf(flow.names, rows),
  answer,
})

/** The newest flows are mostly in the last minutes. Each look goes further back than the previous one. */
const FIRST_LOOK_MS = 60_000
const LOOK_FACTOR = 16

async function answer(asked: z.infer<typeof query>, ask: Ask): Promise<FlowsReply> {
  const { since, until, limit } = asked
  const after = asked.after === '' ? undefined : readPlace(asked.after)
  const filter = parseFilter(asked.filter)
  const begin = Date.parse(since)
  const end = Math.min(Date.parse(until), after ? Date.parse(after.receivedAt) : Infinity)
  let rows: readonly Row[] = []
  let sql: Sql | undefined
  for (let look = FIRST_LOOK_MS; ; look *= LOOK_FACTOR) {
    const from = new Date(Math.max(begin, end - look)).toISOString()
    sql = flowPageQuery({ since: from, until, filter, limit: limit + 1, after })
    rows = await ask(sql)
    if (rows.length > limit || end - look <= begin) break
  }
  const shown = rows.slice(0, limit)
  const whole = flowPageQuery({ since, until, filter, limit, after })
  return {
    since,
    until,
    rows: shown.map(flow.read),
    next: rows.length > limit ? writePlace(shown.at(-1)) : null,
    sql: literalSql(whole),
    command: after ? null : terminalCommand('flows', { since, until, limit }, [asked.filter]),
  }
}

const PLACE = /^([\d-]{10}T[\d:.]{8,15}Z)~(\d{1,10})~(\d{1,10})~(\d{1,5})$/

/** Writes the place of a flow for a URL: `TIME~TABLE~BLOCK~ITEM`. */
function writePlace(row: Row | undefined): string | null {
  if (!row) return null
  const [block, item] = value.text(row, 'place_row').slice(1, -1).split(',')
  const at = value.rfc3339(value.text(row, 'place_at'))
  return [at, row['place_table'], block, item].join('~')
}

function readPlace(text: string): FlowPlace {
  const [, receivedAt = '', table = '', block, item] = PLACE.exec(text) ?? []
  const isPlace =
    !Number.isNaN(Date.parse(receivedAt)) &&
    [table, block].every((number) => Number(number) < 2 ** 32) &&
    Number(item) < 65_536
  if (isPlace) return { receivedAt, table, row: `(${block},${item})` }
  throw badParameter('after', 'expected next of the previous page')
}
