/** `/api/loss`: what each stream has sent and lost, with its cause; in bins, when a step is given. */

import { z } from 'zod'
import { literalSql } from '../../query/literal-sql.ts'
import { ledgerQuery } from '../../query/losses.ts'
import { listBins, parseStep } from '../../query/steps.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { ApiError } from './api-error.ts'
import * as column from './columns.ts'
import * as parameter from './parameters.ts'
import { type Asking, question } from './question.ts'
import * as value from './values.ts'

const MAX_BINS = 10_000

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
  rows: z.array(lossRow.schema).describe('coverage: percent that was received'),
  ...value.sameQuestion,
})

export type LossReply = z.infer<typeof reply>

export const loss = question({
  path: '/api/loss',
  summary: 'What each stream has sent and lost, and why',
  query,
  reply,
  since: '24h',
  table: ({ rows }) => column.tableOf(lossRow.names, rows),
  answer,
})

async function answer(own: z.infer<typeof query>, { ask }: Asking): Promise<LossReply> {
  const { since, until, exporter } = own
  const step = own.step === '' ? undefined : parseStep(own.step)
  const range = { sinceMs: Date.parse(since), untilMs: Date.parse(until) }
  const place = { where: { parameter: 'step' } }
  if (own.step !== '' && !step) {
    throw new ApiError('bad_parameter', `step: "${own.step}" is no step, such as 5m or 1h`, place)
  }
  if (step && !listBins(range, step, MAX_BINS)) {
    const message = `step: more than ${MAX_BINS} bins: choose a longer step`
    throw new ApiError('bad_parameter', message, place)
  }
  const exporters = exporter === '' ? [] : [exporter]
  const sql = ledgerQuery({ since, until, exporters, ...(step && { step: step.interval }) })
  const rows = await ask(sql)
  return {
    since,
    until,
    step: step?.text ?? null,
    rows: rows.map(lossRow.read),
    sql: literalSql(sql),
    // The terminal has no bins here.
    command: step ? null : terminalCommand('gaps', { ledger: true, since, until, exporter }),
  }
}
