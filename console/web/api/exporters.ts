/** `/api/exporters`: all exporters and their streams, with advice. */

import { z } from 'zod'
import { literalSql } from '../../query/literal-sql.ts'
import { exportersQuery, healthQuery } from '../../query/losses.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { exporterRow, joinStreams, stream } from './exporter-columns.ts'
import { defineQuestion, type Table } from './question.ts'
import * as value from './values.ts'

const reply = z.object({ rows: z.array(exporterRow), ...value.sameQuestion })

export type ExportersReply = z.infer<typeof reply>

export const exporters = defineQuestion({
  path: '/api/exporters',
  summary: 'All exporters: state, loss and advice of each stream',
  query: z.strictObject({}),
  reply,
  table: ({ rows }): Table => ({
    columns: ['address', 'name', 'enabled', ...stream.names],
    rows: rows.flatMap(({ address, name, enabled, streams }) =>
      streams.map((row) => [
        address,
        name,
        enabled,
        ...stream.names.map((key) => cellOf(row, key)),
      ]),
    ),
  }),
  answer: async (_, ask): Promise<ExportersReply> => {
    const sql = healthQuery([])
    const known = await ask(exportersQuery())
    const health = await ask(sql)
    const command = terminalCommand('health', {})
    return { rows: joinStreams(known, health), sql: literalSql(sql), command }
  },
})

function cellOf(row: z.infer<typeof stream.schema>, name: string) {
  return row[name as keyof typeof row] as string | number | null
}
