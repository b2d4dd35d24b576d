/** `/api/exporters/ADDRESS`: everything that is known of one exporter. */

import { z } from 'zod'
import { literalSql } from '../../query/literal-sql.ts'
import { exportersQuery, gapsQuery, healthQuery } from '../../query/losses.ts'
import type { Ask } from '../../query/sql.ts'
import { terminalCommand } from '../../query/terminal-command.ts'
import { ApiError } from './api-error.ts'
import {
  askAnnounced,
  exporterRow,
  joinStreams,
  name,
  sampler,
  template,
} from './exporter-columns.ts'
import { gapRow } from './gaps.ts'
import * as parameter from './parameters.ts'
import { defineQuestion } from './question.ts'
import * as value from './values.ts'

const NEWEST_GAPS = 100

const query = z.strictObject({
  address: z.string().max(64).describe('address of the exporter'),
  ...parameter.range,
})

const reply = z.object({
  ...value.rangeReply,
  exporter: exporterRow,
  templates: z.array(template.schema).describe('fields: enterprise number, element, length'),
  samplers: z.array(sampler.schema),
  names: z
    .array(name.schema)
    .describe('of interfaces, applications and samplers, as the exporter sent them'),
  gaps: z.array(gapRow.schema).describe('the newest gaps of the range'),
  ...value.sameQuestion,
})

export type ExporterReply = z.infer<typeof reply>

export const exporter = defineQuestion({
  path: '/api/exporters/:address',
  summary: 'One exporter: streams, advice, templates, samplers, names and gaps',
  query,
  reply,
  since: '24h',
  answer,
})

async function answer(asked: z.infer<typeof query>, ask: Ask): Promise<ExporterReply> {
  const { since, until } = asked
  const address = parameter.readAddress('address', asked.address)
  const known = await ask(exportersQuery(address))
  const sql = healthQuery([address])
  const [found] = joinStreams(known, await ask(sql))
  if (!found) {
    throw new ApiError('not_found', `no exporter ${address} is known: /api/exporters lists all`)
  }
  const gaps = await ask(gapsQuery({ since, until, exporters: [address], limit: NEWEST_GAPS }))
  return {
    since,
    until,
    exporter: found,
    templates: (await askAnnounced(ask, 'templates', address)).map(template.read),
    samplers: (await askAnnounced(ask, 'samplers', address)).map(sampler.read),
    names: (await askAnnounced(ask, 'names', address)).map(name.read),
    gaps: gaps.map(gapRow.read),
    sql: literalSql(sql),
    command: terminalCommand('health', { exporter: address }),
  }
}
