/** `/api/exporters/ADDRESS`: all that is known of one exporter. */

import { z } from 'zod'
import { formatNetwork, isHost, parseNetwork } from '../../query/address.ts'
import { literalSql } from '../../query/literal-sql.ts'
import { exportersQuery, gapsQuery, healthQuery } from '../../query/losses.ts'
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
import { type Asking, question } from './question.ts'
import * as value from './values.ts'

const NEWEST_GAPS = 100

const query = z.strictObject({
  address: z.string().max(64).describe('of the exporter'),
  ...parameter.range,
})

const reply = z.object({
  ...value.rangeReply,
  exporter: exporterRow,
  templates: z.array(template.schema).describe('fields: enterprise number, element, length'),
  samplers: z.array(sampler.schema),
  names: z.array(name.schema).describe('of interfaces, applications and samplers, as it sent them'),
  gaps: z.array(gapRow.schema).describe('the newest of the range'),
  ...value.sameQuestion,
})

export type ExporterReply = z.infer<typeof reply>

export const exporter = question({
  path: '/api/exporters/:address',
  summary: 'One exporter: streams, advice, templates, samplers, names and gaps',
  query,
  reply,
  since: '24h',
  answer,
})

async function answer(own: z.infer<typeof query>, { ask }: Asking): Promise<ExporterReply> {
  const { since, until } = own
  const address = readAddress('address', own.address)
  const known = await ask(exportersQuery(address))
  if (known.length === 0) {
    throw new ApiError('not_found', `no exporter ${address} is known: /api/exporters lists all`)
  }
  const sql = healthQuery([address])
  const [found] = joinStreams(known, await ask(sql))
  if (!found) throw new ApiError('not_found', `no exporter ${address} is known`)
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

/** Reads an address of a parameter. @throws ApiError */
export function readAddress(name: string, text: string): string {
  const network = text.includes('/') ? undefined : parseNetwork(text)
  if (network && isHost(network)) return formatNetwork(network)
  throw new ApiError('bad_parameter', `${name}: "${text}" is no address`, {
    where: { parameter: name },
  })
}
