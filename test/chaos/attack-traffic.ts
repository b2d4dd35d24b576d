/** Attackers and their victim: lines for the pipe of a writer. */

import { encodeDatagramLine } from '../helpers/datagram-line.ts'
import { set, template, v5MessageOf, v9MessageOf } from '../helpers/netflow-bytes.ts'

const VICTIM = '192.0.2.1'
/** Flows of a datagram of the victim. */
export const VICTIM_FLOWS = 10
const V5_RECORDS = Array.from({ length: VICTIM_FLOWS }, () => '01'.repeat(48))

/** The well-behaved exporter: v5, which counts flows. */
export class Victim {
  #sequence = 0
  #sent = 0

  /** Flows that were sent, without those that were lost. */
  get sent(): number {
    return this.#sent
  }

  /** Loses a datagram. */
  lose(): void {
    this.#sequence += VICTIM_FLOWS
  }

  /** Returns the line of the next datagram. */
  line(): string {
    const unixSeconds = Math.floor(Date.now() / 1000)
    const datagram = v5MessageOf({ sequence: this.#sequence, unixSeconds }, ...V5_RECORDS)
    this.#sequence += VICTIM_FLOWS
    this.#sent += VICTIM_FLOWS
    return encodeDatagramLine(datagram, Date.now(), VICTIM, 50_000)
  }
}

function attackerAddress(number: number): string {
  return `10.66.${number >> 8}.${number & 255}`
}

const ONE_BYTE = set(0, template(256, [[4, 1]]))
/** The ports that a stream has trackers for. */
const PORTS = 64

/**
 * Splits v9 streams into as many ports as there can be, with 78 datagrams of 25 bytes each. Yields
 * the lines of one stream at a time.
 */
export function* splitStreams(exporters: number, domains: number): Iterable<string> {
  for (let stream = 0; stream < exporters * domains; stream += 1) {
    const address = attackerAddress(stream % exporters)
    const sourceId = Math.floor(stream / exporters)
    const now = Date.now()
    // A record that is too small for a flow, so that each message brings something.
    const line = (sequence: number, port: number) => {
      const definition = port === 1 ? [ONE_BYTE] : []
      const message = v9MessageOf({ sourceId, sequence }, ...definition, set(256, '06'))
      return encodeDatagramLine(message, now, address, port)
    }
    const lines: string[] = []
    for (let round = 0; round < 7; round += 1) lines.push(line(round, 1), line(1e6 + round, 2))
    for (let port = 3; port < 3 + PORTS; port += 1) lines.push(line(port * 10_000_000, port))
    yield lines.join('')
  }
}

/** An attack whose datagrams cost more than their bytes. */
export interface CostlyAttack {
  readonly name: string
  /** Returns the next datagram. */
  readonly make: (index: number) => Buffer
  /** Addresses that it comes from. */
  readonly exporters: number
  readonly domains: number
}

const ROWS = set(256, Buffer.alloc(8_192, 6))
const WAITING = Array.from({ length: 300 }, (_, index) => set(1_000 + index, '01'))

/** 100 templates of one field each, which no earlier datagram has defined. */
function newTemplates(index: number): Buffer {
  const templates = Array.from({ length: 100 }, (_, place) => {
    return template(256 + ((index * 100 + place) % 60_000), [[1 + (index % 400), 4]])
  })
  return set(0, ...templates)
}

export const COSTLY_ATTACKS: readonly CostlyAttack[] = [
  {
    name: 'records of one byte',
    exporters: 1,
    domains: 1,
    make: (sequence) => v9MessageOf({ sequence, sourceId: 1 }, ONE_BYTE, ROWS),
  },
  {
    name: 'templates that are always new',
    exporters: 1,
    domains: 1,
    make: (sequence) => v9MessageOf({ sequence, sourceId: 1 }, newTemplates(sequence)),
  },
  {
    name: 'sets whose templates never come',
    exporters: 1,
    domains: 1,
    make: (sequence) => v9MessageOf({ sequence, sourceId: 1 }, ...WAITING),
  },
  {
    name: 'empty messages of many streams from many ports',
    exporters: 16,
    domains: 1_024,
    make: (index) =>
      v9MessageOf({ sequence: (index * 7_777_777) % 2 ** 32, sourceId: (index >> 4) % 1_024 }),
  },
]

/** Returns the line of an attack's next datagram. */
export function attackLine({ make, exporters }: CostlyAttack, index: number): string {
  const port = 1_024 + ((index * 31) % 60_000)
  return encodeDatagramLine(make(index), Date.now(), attackerAddress(index % exporters), port)
}
