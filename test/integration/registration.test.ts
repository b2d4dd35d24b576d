/** A message makes its sender an exporter; other datagrams do not. */

import { afterEach, beforeEach, describe, it } from 'node:test'
import { hex, v9Message } from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { sendFrom } from '../helpers/udp-sender.ts'

const NO_MESSAGES = [
  '',
  '05',
  '0005 0001',
  `0005 0002 ${'00'.repeat(20 + 48)}`,
  '1092 0001 00000000',
  `0008 0001 ${'00'.repeat(18)} 63 02 00000000`,
  `0009 0001 ${'00'.repeat(15)}`,
  `000a 00ff ${'00'.repeat(12)}`,
  `000a 000f ${'00'.repeat(12)}`,
]

describe('an exporter', () => {
  let running: Pipeline
  beforeEach(async () => {
    running = await startPipeline({ environment: QUICK })
  })
  afterEach(() => running.stop())

  it('is registered by its first valid header, and by nothing else', async () => {
    const { port } = running
    await sendFrom('127.0.0.66', port, NO_MESSAGES.map(hex))
    await sendFrom('127.0.0.2', port, [v9Message()])
    const exporters = 'select host(address) as address from exporters order by address'
    await running.expectRows(exporters, [{ address: '127.0.0.2' }])
    await sendFrom('127.0.0.66', port, [v9Message()])
    await running.expectRows(exporters, [{ address: '127.0.0.2' }, { address: '127.0.0.66' }])
    await running.expectRows(
      `select host(exporter) as exporter, datagrams from exporter_streams order by exporter`,
      [
        { exporter: '127.0.0.2', datagrams: '1' },
        { exporter: '127.0.0.66', datagrams: '1' },
      ],
    )
  })

  it('may be registered by an operator before it is heard', async () => {
    await running.ask(`insert into exporters (address, name) values ('127.0.0.3', 'edge')`)
    await sendFrom('127.0.0.3', running.port, [v9Message()])
    await running.expectRows(
      `select name, first_seen is not null and last_seen >= first_seen as heard from exporters`,
      [{ name: 'edge', heard: true }],
    )
  })
})
