/** Options that describe the flows of exporters behind one address, and of one that moves. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecoderHarness } from '../../../helpers/decoder-harness.ts'
import {
  hex32,
  oneOptionsMessage,
  set,
  template,
  v9MessageOf,
  type Wire,
} from '../../../helpers/netflow-bytes.ts'

const BYTES = set(0, template(256, [[1, 4]]))
const PACKETS = set(0, template(256, [[2, 4]]))
const DATA = set(256, hex32(1))
const DAY_MICROS = 86_400_000_000

/** The sets of a message that announces a sampling rate. */
function rateSets(rate: number): Buffer {
  return oneOptionsMessage([[1, '00000000']], [[34, hex32(rate)]]).subarray(20)
}

class Ports {
  readonly harness = new DecoderHarness()
  receivedAtMicros = 1_700_000_000_000_000
  readonly #sequences = new Map<number, number>()

  /** Sends sets from a port; returns the sampling rates of their flows. */
  send(port: number, ...sets: readonly Wire[]): readonly unknown[] {
    const sequence = this.#sequences.get(port) ?? port * 1_000
    this.#sequences.set(port, sequence + 1)
    this.receivedAtMicros += 1_000_000
    const { receivedAtMicros } = this
    const message = v9MessageOf({ sequence }, ...sets)
    const { flows } = this.harness.receive(message, { port, receivedAtMicros })
    return flows.map(({ samplingRate }) => samplingRate)
  }
}

describe('the sampling rate of an exporter', () => {
  it('does not scale the flows of another one behind its address, from the first message on', () => {
    const ports = new Ports()
    assert.deepEqual(ports.send(5000, rateSets(1000), BYTES, DATA), [1000])
    assert.deepEqual(ports.send(6000, PACKETS, DATA), [undefined])
    assert.deepEqual(ports.send(5000, DATA), [1000])
    assert.deepEqual(ports.send(6000, rateSets(50), DATA), [50])
    for (let message = 0; message < 20; message++) {
      assert.deepEqual(ports.send(5000, DATA), [1000])
      assert.deepEqual(ports.send(6000, DATA), [50])
    }
  })

  it('stays its own when the other has announced one before its template', () => {
    const ports = new Ports()
    ports.send(5000, rateSets(1000), BYTES)
    assert.deepEqual(ports.send(6000, rateSets(50), PACKETS, DATA), [50])
    assert.deepEqual(ports.send(5000, DATA), [1000])
  })

  it('is unknown for eight messages after it has moved to another port', () => {
    const ports = new Ports()
    ports.send(5000, rateSets(1000), BYTES, DATA)
    ports.send(6000, PACKETS)
    for (let message = 0; message < 7; message++) {
      assert.deepEqual(ports.send(6000, DATA), [undefined])
    }
    assert.deepEqual(ports.send(6000, DATA), [1000])
  })

  it('is in force at once if it announces it again after it has moved', () => {
    const ports = new Ports()
    ports.send(5000, rateSets(1000), BYTES, DATA)
    assert.deepEqual(ports.send(6000, rateSets(2000), PACKETS, DATA), [2000])
    for (let message = 0; message < 20; message++) {
      assert.deepEqual(ports.send(6000, DATA), [2000])
    }
    assert.deepEqual(
      ports.harness
        .stream()
        .options.takeAll()
        .map(({ sourcePort }) => sourcePort),
      [6000, 0],
      'a memory to remove, and that of all ports',
    )
  })

  it('is its own again when the other one is heard late', () => {
    const ports = new Ports()
    ports.send(5000, rateSets(1000), BYTES, DATA)
    ports.send(6000, rateSets(50), PACKETS, DATA)
    for (let message = 0; message < 20; message++) ports.send(6000, DATA)
    assert.deepEqual(ports.send(5000, DATA), [1000])
    assert.deepEqual(ports.send(6000, DATA), [50])
  })

  it('is in force for all ports when it is the only exporter left', () => {
    const ports = new Ports()
    ports.send(5000, rateSets(1000), BYTES, DATA)
    ports.send(6000, rateSets(50), PACKETS, DATA)
    ports.send(5000, DATA)
    for (let message = 0; message < 70; message++) ports.send(6000, DATA)
    ports.receivedAtMicros += DAY_MICROS
    ports.send(6000, PACKETS)
    assert.deepEqual(ports.send(6000, DATA), [50])
    assert.deepEqual(ports.send(7000, DATA), [50])
  })
})
