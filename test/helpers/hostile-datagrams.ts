/**
 * Makes datagrams that a hostile, broken or merely odd exporter could send, of every version: random
 * ones, valid ones, valid ones with wrong bytes, cut ones, and floods. Equal random numbers give
 * equal datagrams.
 */

import {
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  optionsTemplate,
  set,
  template,
  v9MessageOf,
  type Wire,
  type WireField,
  words,
} from './netflow-bytes.ts'
import type { Random } from './random.ts'

export type MakeDatagram = (random: Random) => Buffer

const VERSIONS = [1, 5, 6, 7, 8, 9, 10]
const DOMAINS = 4

/** Lengths as they come: mostly short, seldom up to a whole datagram. */
function randomLength(random: Random): number {
  return random.below(random.below(50) === 0 ? 5000 : 300)
}

function randomBytesOf(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  random.fill(bytes)
  return bytes
}

/** Random bytes without a header. */
export function randomBytes(random: Random): Buffer {
  return randomBytesOf(random, randomLength(random))
}

/** Header and record bytes by version; those of v8 depend on its scheme. */
const FIXED_SIZES = new Map([
  [1, { header: 16, record: 48 }],
  [5, { header: 24, record: 48 }],
  [6, { header: 24, record: 52 }],
  [7, { header: 24, record: 52 }],
  [8, { header: 28, record: 44 }],
])
const FIXED_VERSIONS = [...FIXED_SIZES.keys()]

/** A message of v1, v5, v6, v7 or v8 with random records; it may be longer than it says. */
export function fixedMessage(random: Random): Buffer {
  const version = random.pick(FIXED_VERSIONS)
  const { header, record } = FIXED_SIZES.get(version) ?? { header: 0, record: 0 }
  const count = random.below(6)
  const message = randomBytesOf(random, header + count * record)
  message.writeUInt16BE(version, 0)
  message.writeUInt16BE(count, 2)
  if (version === 8) message.writeUInt8(1 + random.below(14), 22)
  return message
}

/** Random bytes after a header of a version; v9 and IPFIX have correct set headers. */
export function randomMessage(random: Random): Buffer {
  const version = random.pick(VERSIONS)
  const message = randomBytesOf(random, 28 + randomLength(random))
  message.writeUInt16BE(version, 0)
  if (version === 10) message.writeUInt16BE(message.length, 2)
  else message.writeUInt16BE(random.below(8), 2)
  if (version === 8) message.writeUInt8(random.below(16), 22)
  if (version >= 9) writeSetHeaders(random, message, version === 9 ? 20 : 16)
  return message
}

function writeSetHeaders(random: Random, message: Buffer, offset: number): void {
  let at = offset
  while (random.below(4) > 0 && at + 8 < message.length) {
    const length = 4 + random.below(message.length - at - 4)
    message.writeUInt16BE(random.pick([0, 1, 2, 3, 256, 257, 300]), at)
    message.writeUInt16BE(length, at + 2)
    message.writeUInt16BE(random.pick([256, 257, 300]), at + 4)
    message.writeUInt16BE(random.below(12), at + 6)
    at += length
  }
}

const LENGTHS = [1, 2, 3, 4, 8, 16, 65535]

function randomField(random: Random): WireField {
  const id = random.below(4) === 0 ? random.below(65536) : random.below(500)
  return [id, random.below(8) === 0 ? random.below(70) : random.pick(LENGTHS)]
}

function randomFields(random: Random): WireField[] {
  return Array.from({ length: 1 + random.below(20) }, () => randomField(random))
}

const ENTERPRISES = [29305, 9, 2636, 14179, 35632, 0, 0xffff_ffff]

/** Fields as they come in IPFIX: some of an enterprise, of reverse flows above all. */
function randomIpfixFields(random: Random): IpfixField[] {
  return randomFields(random).map(([id, length]) => {
    const own = id & 0x7fff
    return random.below(4) > 0 ? [own, length] : [own, length, random.pick(ENTERPRISES)]
  })
}

/** A v9 message with templates, options and data, in the order of its sets or not. */
export function v9Message(random: Random): Buffer {
  const id = 256 + random.below(4)
  const options = optionsTemplate(id + 4, [[random.below(6), 4]], randomFields(random))
  const header = { sourceId: random.below(DOMAINS), uptimeMs: random.next() }
  const sets = [
    set(0, template(id, randomFields(random))),
    set(id, randomBytes(random)),
    set(1, options),
    set(id + 4, randomBytes(random)),
  ]
  return v9MessageOf(header, ...shuffled(random, sets))
}

/** The same of IPFIX: with enterprise and variable-length fields, lists, and withdrawals. */
export function ipfixMessage(random: Random): Buffer {
  const id = 256 + random.below(4)
  const optionsFields = randomIpfixFields(random)
  const scopes = 1 + random.below(optionsFields.length)
  const header = {
    domain: random.below(DOMAINS),
    exportSeconds: 1_700_000_000 + random.below(9999),
  }
  const sets = [
    set(2, ipfixTemplate(id, randomIpfixFields(random))),
    set(id, randomBytes(random)),
    set(3, ipfixOptionsTemplate(id + 4, scopes, optionsFields)),
    set(id + 4, randomBytes(random)),
  ]
  if (random.below(16) === 0) sets.push(set(2, words(random.pick([2, id]), 0)))
  return ipfixMessageOf(header, ...shuffled(random, sets))
}

function shuffled(random: Random, sets: readonly Buffer[]): Buffer[] {
  const chosen = sets.filter(() => random.below(4) > 0)
  return random.below(4) === 0 ? chosen.reverse() : chosen
}

const VALID: readonly MakeDatagram[] = [fixedMessage, v9Message, ipfixMessage]

/** A message of any version that is as it should be, but for what its records hold. */
export function validMessage(random: Random): Buffer {
  return random.pick(VALID)(random)
}

/** A valid message in which up to eight bytes are wrong. */
export function mutatedMessage(random: Random): Buffer {
  const message = validMessage(random)
  for (let count = 1 + random.below(8); count > 0; count--) {
    message[random.below(message.length)] = random.pick([0, 1, 255, random.below(256)])
  }
  return message
}

/** A valid message without its end; every other IPFIX message says the length that is left. */
export function truncatedMessage(random: Random): Buffer {
  const message = validMessage(random)
  const cut = message.subarray(0, random.below(message.length))
  const isIpfix = cut.length >= 4 && cut.readUInt16BE(0) === 10
  if (isIpfix && random.below(2) === 0) cut.writeUInt16BE(cut.length, 2)
  return cut
}

/** Templates without end: any id, up to a few thousand fields, defined again and again. */
export function templateFlood(random: Random): Buffer {
  const isIpfix = random.below(2) === 0
  const fieldCount = random.below(40) === 0 ? random.below(4000) : 1 + random.below(12)
  const count = fieldCount > 100 ? 1 : 1 + random.below(12)
  const fields = Array.from({ length: fieldCount }, () => randomField(random))
  const templates = Array.from({ length: count }, () => {
    const id = 256 + random.below(65280)
    return isIpfix
      ? ipfixTemplate(
          id,
          fields.map(([f, n]) => [f & 0x7fff, n]),
        )
      : template(id, fields)
  })
  return messageOf(random, isIpfix, set(isIpfix ? 2 : 0, ...templates))
}

/** Scope, then what options say of it: interface and sampler names, rates, applications. */
const OPTIONS_FIELDS: readonly (readonly WireField[])[] = [
  [
    [10, 4],
    [82, 12],
    [83, 20],
  ],
  [
    [48, 4],
    [49, 1],
    [50, 4],
    [84, 12],
  ],
  [
    [302, 8],
    [305, 4],
    [306, 4],
  ],
  [
    [95, 4],
    [96, 24],
  ],
  [
    [145, 2],
    [34, 4],
    [35, 1],
  ],
]

/** Options data without end: every record names something else. */
export function optionsFlood(random: Random): Buffer {
  const isIpfix = random.below(2) === 0
  const fields = random.pick(OPTIONS_FIELDS)
  const id = 600 + OPTIONS_FIELDS.indexOf(fields)
  const [scope = [1, 4], ...rest] = fields
  const definition = isIpfix
    ? set(3, ipfixOptionsTemplate(id, 1, fields))
    : set(1, optionsTemplate(id, [[1, 4]], [scope, ...rest]))
  const data = set(id, randomBytesOf(random, 200 + random.below(1200)))
  return messageOf(random, isIpfix, definition, data)
}

/** Data sets without end whose templates nobody defines. */
export function unknownDataFlood(random: Random): Buffer {
  const data = Array.from({ length: 1 + random.below(4) }, () =>
    set(2000 + random.below(60_000), Buffer.alloc(random.below(1500), random.below(256))),
  )
  return messageOf(random, random.below(2) === 0, ...data)
}

function messageOf(random: Random, isIpfix: boolean, ...sets: readonly Wire[]): Buffer {
  const domain = random.below(DOMAINS)
  return isIpfix ? ipfixMessageOf({ domain }, ...sets) : v9MessageOf({ sourceId: domain }, ...sets)
}

const TEMPLATE_VERSIONS = [9, 10]

/**
 * All kinds, with the share that each has of a mixture, and the versions that some of its datagrams
 * are accepted as: a message without templates that is cut short is rejected.
 */
export const HOSTILE_KINDS = [
  { name: 'random bytes', share: 10, versions: [], make: randomBytes },
  { name: 'random bytes after a header', share: 20, versions: VERSIONS, make: randomMessage },
  { name: 'valid messages', share: 15, versions: VERSIONS, make: validMessage },
  { name: 'messages with a few wrong bytes', share: 30, versions: VERSIONS, make: mutatedMessage },
  { name: 'messages cut short', share: 15, versions: TEMPLATE_VERSIONS, make: truncatedMessage },
  { name: 'floods of templates', share: 4, versions: TEMPLATE_VERSIONS, make: templateFlood },
  { name: 'floods of options data', share: 3, versions: TEMPLATE_VERSIONS, make: optionsFlood },
  { name: 'floods of unknown data', share: 3, versions: TEMPLATE_VERSIONS, make: unknownDataFlood },
] as const
