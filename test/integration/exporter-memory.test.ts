/** What exporters have said survives the writer: templates, sampling rates, data before templates. */

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts'
import {
  EXPORT_SECONDS,
  oneOptionsMessage,
  set,
  template,
  UPTIME_MS,
  v9MessageOf,
  type Wire,
  type WireField,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, queryRows, startPipeline } from '../helpers/pipeline.ts'
import { until } from '../helpers/until.ts'

const SOURCE_ADDRESS: WireField = [8, 4]
const BYTES: WireField = [1, 4]
const PACKETS: WireField = [2, 4]
const FIRST_SWITCHED: WireField = [22, 4]

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0')
}

/** An exporter that sends what it is told, from one port. */
class RawExporter {
  readonly #port: number
  readonly #socket: Socket = createSocket('udp4')
  #sequence = 0

  constructor(port: number) {
    this.#port = port
  }

  /** Sends v9 messages, the sets of each. */
  async sendSets(...messages: readonly (readonly Wire[])[]): Promise<void> {
    for (const sets of messages) {
      await this.send(v9MessageOf({ sequence: this.#sequence, sourceId: 7 }, ...sets))
      this.#sequence += 1
    }
  }

  /** Sends a message whose sequence number is put right. */
  async send(message: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(message, this.#port, '127.0.0.1', (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  /** Sends the sets of a message made elsewhere under this exporter's sequence. */
  sendSetsOf(message: Buffer): Promise<void> {
    return this.sendSets([message.subarray(20)])
  }

  close(): void {
    this.#socket.close()
  }
}

describe('the memory of the writer', () => {
  let database: TestDatabase
  let pipeline: Pipeline
  const exporters: RawExporter[] = []

  beforeEach(async () => {
    database = await createTestDatabase()
    pipeline = await startPipeline({
      databaseUrl: database.url,
      environment: { FLUSH_INTERVAL_MS: '100' },
    })
  })
  afterEach(async () => {
    for (const exporter of exporters.splice(0)) exporter.close()
    await pipeline.stop()
    await database.drop()
  })

  function makeExporter(): RawExporter {
    const exporter = new RawExporter(pipeline.port)
    exporters.push(exporter)
    return exporter
  }

  function ask(sql: string): Promise<Record<string, unknown>[]> {
    return queryRows(database.url, sql)
  }

  /** Waits until a query gives exactly these rows. */
  async function expectRows(sql: string, rows: readonly object[]): Promise<void> {
    let found: readonly object[] = []
    const expected = JSON.stringify(rows)
    await until(`${sql} gives ${expected}`, async () => {
      found = await ask(sql)
      return JSON.stringify(found) === expected
    }).catch(() => assert.deepEqual(found, rows))
  }

  function restored(): Record<string, unknown> | undefined {
    return pipeline.logOf('writer').find(({ msg }) => String(msg).startsWith('restored what'))
  }

  it('has every template when it was killed between a template and its data', async () => {
    const exporter = makeExporter()
    const fields = [SOURCE_ADDRESS, BYTES]
    await exporter.sendSets([set(0, template(256, fields), template(257, [PACKETS]))])
    await expectRows('select template_id, fields, status from templates order by 1', [
      {
        template_id: 256,
        fields: [
          [0, 8, 4],
          [0, 1, 4],
        ],
        status: 'confirmed',
      },
      { template_id: 257, fields: [[0, 2, 4]], status: 'confirmed' },
    ])
    await pipeline.restartWriter('SIGKILL')
    assert.equal(restored()?.['templates'], 2)
    await exporter.sendSets(
      [set(256, 'c0000201', hex32(10))],
      [set(257, hex32(20)), set(256, 'c0000202', hex32(11))],
    )
    await expectRows(
      `select host(src_addr) as src, bytes, packets from flows order by coalesce(bytes, 0)`,
      [
        { src: null, bytes: null, packets: '20' },
        { src: '192.0.2.1', bytes: '10', packets: null },
        { src: '192.0.2.2', bytes: '11', packets: null },
      ],
    )
    await expectRows('select held_sets, lost from exporter_streams', [
      { held_sets: '0', lost: '0' },
    ])
  })

  it('marks restored templates until the exporter confirms or replaces them', async () => {
    const exporter = makeExporter()
    const definition = set(0, template(256, [BYTES]))
    const status = 'select status, redefinitions from templates'
    await exporter.sendSets([definition])
    await expectRows(status, [{ status: 'confirmed', redefinitions: 0 }])
    await pipeline.restartWriter('SIGKILL')
    await exporter.sendSets([set(256, hex32(1))])
    await expectRows(status, [{ status: 'restored', redefinitions: 0 }])
    await exporter.sendSets([definition])
    await expectRows(status, [{ status: 'confirmed', redefinitions: 0 }])
    await pipeline.restartWriter('SIGKILL')
    await exporter.sendSets([set(256, hex32(2))])
    await expectRows(status, [{ status: 'restored', redefinitions: 0 }])
    await exporter.sendSets([set(0, template(256, [PACKETS]))])
    await expectRows(status, [{ status: 'confirmed', redefinitions: 1 }])
  })

  it('decodes data that came before its template and before a restart, with its own times', async () => {
    const exporter = makeExporter()
    await exporter.sendSets(
      [set(256, hex32(UPTIME_MS - 1000), hex32(1))],
      [set(256, hex32(UPTIME_MS - 2000), hex32(2), hex32(UPTIME_MS - 3000), hex32(3))],
    )
    await expectRows('select count(*)::int as n from held_sets', [{ n: 2 }])
    const receipt = await ask('select received_at from held_sets order by id')
    await pipeline.restartWriter('SIGKILL')
    assert.equal(restored()?.['heldSets'], 2)
    await exporter.send(
      v9MessageOf(
        { sequence: 2, uptimeMs: UPTIME_MS + 60_000, unixSeconds: EXPORT_SECONDS + 90 },
        set(0, template(256, [FIRST_SWITCHED, BYTES])),
      ),
    )
    await expectRows(
      `select bytes, extract(epoch from flow_start)::float8 as start from flows order by bytes`,
      [1, 2, 3].map((n) => ({ bytes: String(n), start: EXPORT_SECONDS - n })),
    )
    await expectRows('select count(*)::int as n from held_sets', [{ n: 0 }])
    assert.deepEqual(
      await ask('select distinct received_at from flows order by received_at'),
      receipt,
    )
    await expectRows('select held_sets, released_sets, expired_sets from exporter_streams', [
      { held_sets: '2', released_sets: '2', expired_sets: '0' },
    ])
  })

  it('applies a sampling rate after a restart that only options had announced', async () => {
    const exporter = makeExporter()
    const scope = [[1, '00000000']] as const
    await exporter.sendSetsOf(
      oneOptionsMessage(scope, [
        [48, '01'],
        [34, '000003e8'],
        [35, '02'],
      ]),
    )
    await exporter.sendSets([set(0, template(256, [BYTES, [48, 1]]))])
    await expectRows('select template_id from templates order by 1', [
      { template_id: 256 },
      { template_id: 512 },
    ])
    await expectRows('select scope, scope_value, sampling_rate, mode, source from samplers', [
      {
        scope: 'sampler',
        scope_value: '1',
        sampling_rate: '1000',
        mode: 2,
        source: 'samplingInterval',
      },
    ])
    await pipeline.restartWriter('SIGKILL')
    await exporter.sendSets([set(256, hex32(5), '01')])
    await expectRows('select bytes, sampling_rate from flows', [
      { bytes: '5', sampling_rate: '1000' },
    ])
    await expectRows('select status from samplers', [{ status: 'restored' }])
  })

  it('uses the new definition after a restart when a template was redefined before', async () => {
    const exporter = makeExporter()
    await exporter.sendSets([set(0, template(256, [BYTES]))])
    await exporter.sendSets([set(0, template(256, [PACKETS, SOURCE_ADDRESS]))])
    const hashes = 'select previous_hash <> definition_hash as other, redefinitions from templates'
    await expectRows(hashes, [{ other: true, redefinitions: 1 }])
    const line = pipeline
      .logOf('writer')
      .find(({ msg }) => /redefined a template/.test(String(msg)))
    assert.deepEqual(
      [line?.['level'], line?.['templateId'], line?.['oldFields'], line?.['newFields']],
      [30, 256, 1, 2],
    )
    await pipeline.restartWriter('SIGKILL')
    await exporter.sendSets([set(256, hex32(9), 'c0000201')])
    await expectRows('select packets, bytes, host(src_addr) as src from flows', [
      { packets: '9', bytes: null, src: '192.0.2.1' },
    ])
  })

  it('forgets a template whose redefinition was invalid, and holds its data', async () => {
    const exporter = makeExporter()
    await exporter.sendSets([set(0, template(256, [BYTES]))])
    await expectRows('select template_id from templates', [{ template_id: 256 }])
    await exporter.sendSets([set(0, template(256, [[1, 0]]))])
    await expectRows('select template_id from templates', [])
    await pipeline.restartWriter('SIGKILL')
    await exporter.sendSets([set(256, hex32(9))])
    await expectRows('select template_id from held_sets', [{ template_id: 256 }])
    assert.deepEqual(await ask('select * from flows'), [])
  })

  it('writes nothing when a template is only repeated, and nothing of sets that found theirs', async () => {
    const exporter = makeExporter()
    const definition = set(0, template(256, [BYTES]))
    await exporter.sendSets([definition])
    const version = 'select xmin::text as version from templates'
    const [first] = await until('the template', async () => {
      const rows = await ask(version)
      return rows.length > 0 && rows
    })
    for (let repeat = 1; repeat <= 5; repeat++) {
      await exporter.sendSets([set(257, hex32(1)), definition, set(0, template(257, [BYTES]))])
      await exporter.sendSets([set(0, template(257, []))])
      await expectRows('select datagrams from exporter_streams', [
        { datagrams: String(1 + repeat * 2) },
      ])
    }
    assert.deepEqual(await ask(version), [first])
    await exporter.sendSets([set(258, hex32(1))])
    // Ids are given in the order of writing: this is the first set that was written.
    await expectRows('select id, template_id from held_sets', [{ id: '1', template_id: 258 }])
  })

  it('gives each source port its own templates when they contradict each other, also later', async () => {
    const [a, b] = [makeExporter(), makeExporter()]
    const [bytes, packets] = [set(0, template(256, [BYTES])), set(0, template(256, [PACKETS]))]
    for (let turn = 0; turn < 5; turn++) {
      await a.sendSets([bytes])
      await b.sendSets([packets])
    }
    await a.sendSets([bytes])
    await expectRows('select fields, source_port > 0 as own from templates order by fields', [
      { fields: [[0, 1, 4]], own: true },
      { fields: [[0, 2, 4]], own: true },
    ])
    await pipeline.restartWriter('SIGKILL')
    await a.sendSets([set(256, hex32(1))])
    await b.sendSets([set(256, hex32(2))])
    await expectRows('select bytes, packets from flows order by bytes', [
      { bytes: '1', packets: null },
      { bytes: null, packets: '2' },
    ])
    const warned = pipeline.logOf('writer').filter(({ msg }) => /source port has/.test(String(msg)))
    assert.equal(warned.length, 1)
  })
})
