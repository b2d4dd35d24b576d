/** `/api/gaps`: gaps in the sequence numbers of exporters. */

import { z } from 'zod'
import { literalSql } from '../../query/literal-sql.ts'
import { gapsQuery } from '../../query/losses.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

export const gapRow = column.rowReader({
  detected_at: column.time,
  exporter: column.text,
  exporter_name: column.text,
  export_version: column.number,
  observation_domain: column.number,
  expected: column.counter,
  received: column.counter,
  lost: column.counter,
  unit: column.text,
})

const reply = z.object({
  ...value.rangeReply,
  rows: z.array(gapRow.schema).describe('the newest gaps, in the order of time'),
  ...value.sameQuestion,
})

type GapsReply = z.infer<typeof reply>

export const gaps = defineQuestion({
  path: '/api/gaps',
  summary: 'Gaps in the sequence numbers of exporters',
  query: z.strictObject({
    ...parameter.range,
    exporter: parameter.exporter,
    limit: parameter.count(100, 1, 10_000),
  }),
  reply,
  since: '24h',
  table: ({ rows }) => column.tableOf(gapRow.names, rows),
  answer: async ({ since, until, exporter, limit }, ask): Promise<GapsReply> => {
    const exporters = exporter === '' ? [] : [exporter]
    const sql = gapsQuery({ since, until, exporters, limit })
    const rows = await ask(sql)
    return {
      since,
      until,
      rows: rows.map(gapRow.read),
      sql: literalSql(sql),
      command: terminalCommand('gaps', { since, until, exporter, limit }),
    }
  },
})
