/** `/api/loss`: what each stream sent and lost, and why; in bins when a step is given. */

import { z } from 'zod'
import { literalSql } from '../../query/literal-sql.ts'
import { ledgerQuery } from '../../query/losses.ts'
import type { Ask } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const query = z.strictObject({
  ...parameter.range,
  step: z.string().max(16).default('').describe('10s, 5m, 1h, 1d, 1w, …; default: one bin'),
  exporter: parameter.exporter,
})

const lossRow = column.rowReader({
  bucket: column.time,
  exporter: column.text,
  export_version: column.number,
  observation_domain: column.number,
  expected: column.counter,
  received: column.counter,
  lost: column.counter,
  late: column.counter,
  duplicates: column.counter,
  unit: column.text,
  cause: column.text,
  coverage: column.number,
})

const reply = z.object({
  ...value.rangeReply,
  step: z.string().nullable(),
  rows: z.array(lossRow.schema).describe('coverage: how much was received, in percent'),
  ...value.sameQuestion,
})

export type LossReply = z.infer<typeof reply>

export const loss = defineQuestion({
  path: '/api/loss',
  summary: 'What each stream sent and lost, and why',
  query,
  reply,
  since: '24h',
  table: ({ rows }) => column.tableOf(lossRow.names, rows),
  answer,
})

async function answer(asked: z.infer<typeof query>, ask: Ask): Promise<LossReply> {
  const { since, until, exporter } = asked
  const step = asked.step === '' ? undefined : parameter.readStep(asked.step)
  if (step) parameter.listBins(asked, step)
  const exporters = exporter === '' ? [] : [exporter]
  const sql = ledgerQuery({ since, until, exporters, ...(step && { step: step.interval }) })
  const rows = await ask(sql)
  return {
    since,
    until,
    step: step?.text ?? null,
    rows: rows.map(lossRow.read),
    sql: literalSql(sql),
    // The terminal shows the ledger without bins.
    command: step ? null : terminalCommand('gaps', { ledger: true, since, until, exporter }),
  }
}
