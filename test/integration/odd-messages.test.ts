/**
 * Messages that are read in an unusual way end as the right rows: held data whose message brings more
 * than the template, bytes after a message, elements of vendors and of an operator.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findFreePort } from '../helpers/free-port.ts'
import { readMetric } from '../helpers/metrics-reader.ts'
import {
  EXPORT_SECONDS,
  hex32,
  hex64,
  ipfixMessageOf,
  ipfixOptionsTemplate,
  ipfixTemplate,
  oneIpfixRecord,
  set,
  v5MessageOf,
  wire,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

const ELEMENTS = `
  # ours
  enterprise,id,name,type
  64512,7,acmeUser,string
  64512,8,acmeRelay,ipv4Address`

describe('the writer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netflow-elements-'))
  let running: Pipeline
  let metricsPort = 0
  before(async () => {
    metricsPort = await findFreePort()
    const file = join(folder, 'elements.csv')
    writeFileSync(file, ELEMENTS)
    const own = { ELEMENTS_FILE: file, METRICS_PORT: String(metricsPort) }
    running = await startWriterAlone({ environment: QUICK, writerEnvironment: own })
  })
  after(async () => {
    await running?.stop()
    rmSync(folder, { recursive: true })
  })

  it('reads held flows by the boot time and the rate that follow their template', async () => {
    const address = '192.0.2.10'
    const bootMs = (EXPORT_SECONDS - 100) * 1000
    const options = ipfixOptionsTemplate(512, 1, [
      [149, 4],
      [160, 8],
      [305, 4],
      [306, 4],
    ])
    const definition = ipfixTemplate(256, [
      [22, 4],
      [1, 4],
    ])
    running.feed(address, ipfixMessageOf({ sequence: 0 }, set(256, hex32(5_000), hex32(1500))))
    running.feed(
      address,
      ipfixMessageOf(
        { sequence: 1 },
        set(2, definition),
        set(3, options),
        set(512, hex32(7), hex64(bootMs), hex32(1), hex32(99)),
      ),
    )
    await running.expectRows(
      `select extract(epoch from flow_start)::int as start, bytes::int, sampling_rate::int as rate,
         extra from flows where exporter = '${address}'`,
      [{ start: EXPORT_SECONDS - 95, bytes: 1500, rate: 100, extra: null }],
    )
  })

  it('counts and reports bytes after a message, and reads no flow from them', async () => {
    const address = '192.0.2.14'
    const v5 = (sequence: number) => v5MessageOf({ sequence }, Buffer.alloc(48, 1))
    const ipfix = (sequence: number) => {
      return ipfixMessageOf({ sequence }, oneIpfixRecord([[1, '00000007']]))
    }
    running.feed(address, wire(v5(0), v5(1)), wire(v5(1), 'ffff'), wire(v5(2), '0000'))
    running.feed(address, wire(ipfix(0), ipfix(1)), ipfix(1))
    const bytes = v5(1).length + 2
    await running.expectRows(
      `select export_version as version, datagrams::int, flow_records::int as flows,
         trailing_bytes::int as bytes, lost::int
       from exporter_streams where exporter = '${address}' order by 1`,
      [
        { version: 5, datagrams: 3, flows: 3, bytes, lost: 0 },
        { version: 10, datagrams: 2, flows: 2, bytes: ipfix(1).length, lost: 0 },
      ],
    )
    const total = await readMetric(metricsPort, 'netflow_writer_trailing_bytes_total', '')
    assert.deepEqual(Object.values(total), [bytes + ipfix(1).length])
    const codes = await readMetric(metricsPort, 'netflow_writer_problems_total', 'code')
    assert.deepEqual([codes['second-message'], codes['trailing-bytes']], [2, 1])
    const line = await running.waitForLine(/^a datagram holds a second message after the first/)
    assert.deepEqual([line['exporter'], line['version']], [address, 5])
    await running.waitForLine(/^ignored bytes after the end of a message/)
  })

  it('logs an empty datagram without the version of another one', async () => {
    running.feed('192.0.2.14', Buffer.alloc(0))
    const line = await running.waitForLine(/too short for a message/)
    assert.deepEqual([line['bytes'], 'version' in line], [0, false])
  })

  it("fills columns from Cisco's client and server, by the direction", async () => {
    const ends = oneIpfixRecord([
      [4, '06'],
      [239, '02'],
      [12_236, 'c0000201', 9],
      [12_237, 'c6336402', 9],
      [12_240, 'c350', 9],
      [12_241, '01bb', 9],
      [1, '000005dc'],
    ])
    running.feed('192.0.2.17', ipfixMessageOf({}, ends))
    await running.expectRows(
      `select host(src_addr) as src, src_port, host(dst_addr) as dst, dst_port, bytes::int, extra
       from flows where exporter = '192.0.2.17'`,
      [
        {
          ...{ src: '198.51.100.2', src_port: 443, dst: '192.0.2.1', dst_port: 50_000 },
          ...{ bytes: 1500, extra: { biflowDirection: 2 } },
        },
      ],
    )
  })

  it('names the elements of ELEMENTS_FILE, also by a template of an earlier start', async () => {
    const address = '192.0.2.18'
    const record = oneIpfixRecord([
      [7, '6564676531', 64_512],
      [8, 'c0000201', 64_512],
      [9, '01', 64_512],
    ])
    const extra = { '64512.9': '01', acmeUser: 'edge1', acmeRelay: '192.0.2.1' }
    const query = `select extra, count(*)::int as n from flows where exporter = '${address}' group by 1`
    running.feed(address, ipfixMessageOf({ sequence: 0 }, record))
    await running.expectRows(query, [{ extra, n: 1 }])
    await running.killWriter()
    const data = set(256, '6564676531 c0000201 01')
    running.feed(address, ipfixMessageOf({ sequence: 1 }, data))
    await running.expectRows(query, [{ extra, n: 2 }])
    assert.equal(running.findLines(/^the elements of ELEMENTS_FILE are known/).length, 2)
  })
})
