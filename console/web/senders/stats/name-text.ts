/** Reads the names of tracked fields: `all`, `proto:6`, `srcip:2001:db8::1`, `dstas:34868`. */

import { formatNetwork, isHost, parseNetwork } from '../../../query/address.ts'
import { SendersError } from '../senders-error.ts'

/**
 * Where the sums of a field are. `margin`: in every rollup. `list`: great sums are in the lists of hours
 * and days. `flow`: only in flows.
 */
export type Family = 'margin' | 'list' | 'flow'

interface NumberField {
  readonly field: number
  readonly family: Family
  readonly max: number
}

/** Fields up to 10 have the numbers of `rollup_hour.field`. */
const NUMBER_FIELDS: Readonly<Record<string, NumberField>> = {
  proto: { field: 1, family: 'margin', max: 255 },
  srcas: { field: 6, family: 'list', max: 4_294_967_295 },
  dstas: { field: 7, family: 'list', max: 4_294_967_295 },
  srcport: { field: 11, family: 'flow', max: 65_535 },
  dstport: { field: 12, family: 'flow', max: 65_535 },
}

const ADDRESS_FIELDS: Readonly<Record<string, number>> = { srcip: 9, dstip: 10 }

interface TrackedName {
  readonly field: number
  readonly family: Family
  /** As SQL compares it; empty for `all`. */
  readonly value: string
}

/** @throws SendersError 422 */
export function readName(text: string, where: string): TrackedName {
  if (text === 'all') return { field: 0, family: 'margin', value: '' }
  const [, word = '', key = ''] = /^([a-z]+):(.+)$/.exec(text) ?? []
  const number = Object.hasOwn(NUMBER_FIELDS, word) ? NUMBER_FIELDS[word] : undefined
  if (number && /^\d{1,10}$/.test(key) && Number(key) <= number.max) {
    return { field: number.field, family: number.family, value: String(Number(key)) }
  }
  const field = Object.hasOwn(ADDRESS_FIELDS, word) ? ADDRESS_FIELDS[word] : undefined
  const address = field === undefined || key.includes('/') ? undefined : parseNetwork(key)
  if (field !== undefined && address && isHost(address)) {
    return { field, family: 'list', value: formatNetwork(address) }
  }
  throw new SendersError(
    422,
    `${JSON.stringify(text.slice(0, 60))} is no tracked field: write all, proto:6, srcport:53, ` +
      'dstport:443, srcas:64500, dstas:64500, srcip:192.0.2.1 or dstip:2001:db8::1',
    { where },
  )
}
