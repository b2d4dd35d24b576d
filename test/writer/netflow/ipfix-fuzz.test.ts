/**
 * Hostile IPFIX messages, fifty thousand of them in `npm run test:long`: the decoder must not throw,
 * loop or exceed its limits, and every record must fit the table. The seed is fixed, so a failure is
 * reproducible.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderVictim } from '../../helpers/decoder-victim.ts'
import {
  type IpfixField,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  set,
  VARIABLE,
  variable,
  wire,
} from '../../helpers/netflow-bytes.ts'
import { Random } from '../../helpers/random.ts'
import { shortened } from '../../helpers/shortened.ts'

const REVERSE = 29_305
const LENGTHS = [1, 2, 4, 8, 16, VARIABLE]
/** Lists, padding, responder counters, uptimes, and elements that biflows reverse. */
const SPECIAL = [1, 2, 7, 8, 11, 21, 22, 23, 27, 32, 160, 210, 232, 291, 291, 292, 293, 299]

function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  random.fill(bytes)
  // Lists that name a template of the stream find more mistakes.
  if (length > 4 && random.below(2) === 0) bytes.writeUInt16BE(256 + random.below(8), 1)
  return bytes
}

function randomFields(random: Random): IpfixField[] {
  return Array.from({ length: 1 + random.below(12) }, (): IpfixField => {
    const id = random.below(3) === 0 ? random.below(32_768) : random.pick(SPECIAL)
    const length = random.below(8) === 0 ? random.below(70) : random.pick(LENGTHS)
    if (random.below(4) > 0) return [id, length]
    return [id, length, random.pick([REVERSE, REVERSE, 9, 35_632, 0])]
  })
}

/** Records that follow their template, some with values of the wrong length. */
function randomRecords(random: Random, fields: readonly IpfixField[]): Buffer {
  const records = Array.from({ length: random.below(4) }, () =>
    fields.map(([, length]) => {
      if (length !== VARIABLE) return randomBytes(random, length)
      const value = randomBytes(random, random.below(40)).toString('hex')
      return variable(value, random.pick(['short', 'long'] as const))
    }),
  )
  return wire(...records.flat(), Buffer.alloc(random.below(4)))
}

/** A valid message, except for the order of its sets. */
function validMessage(random: Random): Buffer {
  const id = 256 + random.below(4)
  const [flows, options] = [randomFields(random), randomFields(random)]
  const scopes = 1 + random.below(options.length)
  const sets = [
    set(2, ipfixTemplate(id, flows)),
    set(id, randomRecords(random, flows)),
    set(3, ipfixOptionsTemplate(id + 4, scopes, options)),
    set(id + 4, randomRecords(random, options)),
  ].filter(() => random.below(4) > 0)
  if (random.below(4) === 0) sets.reverse()
  return ipfixMessageOf({ domain: random.below(4), sequence: random.next() }, ...sets)
}

function mutatedMessage(random: Random): Buffer {
  const message = validMessage(random)
  for (let count = random.below(4); count > 0; count--) {
    // The header stays valid: a rejected message is not decoded at all.
    const at = 16 + random.below(Math.max(1, message.length - 16))
    if (at < message.length) message[at] = random.pick([0, 1, 2, 255, random.below(256)])
  }
  if (random.below(8) > 0) return message
  const cut = message.subarray(0, 16 + random.below(message.length - 15))
  cut.writeUInt16BE(cut.length, 2)
  return cut
}

function randomContent(random: Random): Buffer {
  const content = randomBytes(random, random.below(200))
  const sets = [set(random.pick([2, 3, 256, 257, 300]), content)]
  if (random.below(2) === 0) sets.push(randomBytes(random, random.below(40)))
  return ipfixMessageOf({ domain: random.below(4) }, ...sets)
}

describe('a decoder of IPFIX', () => {
  const cases = [
    { title: 'random bytes after a valid header', count: 10_000, seed: 11, make: randomContent },
    {
      title: 'valid messages that contradict each other',
      count: 20_000,
      seed: 12,
      make: validMessage,
    },
    {
      title: 'valid messages with a few wrong bytes',
      count: 20_000,
      seed: 13,
      make: mutatedMessage,
    },
  ]
  for (const { title, count: most, seed, make } of cases) {
    const count = shortened(most)
    it(`survives ${count} datagrams of ${title}`, () => {
      const random = new Random(seed)
      const victim = new DecoderVictim()
      for (let number = 0; number < count; number++) {
        const datagram = make(random)
        try {
          victim.receive(datagram)
        } catch (cause) {
          throw new Error(`datagram ${number}: ${datagram.toString('hex')}`, { cause })
        }
        if (number % 100 === 0) victim.checkMemory()
      }
      victim.checkMemory()
      assert.equal(victim.accepted, count)
      if (make !== randomContent) assert.ok(victim.flows > count / 3, `${victim.flows} flows`)
    })
  }
})
