/** Flows, losses and names, so that every panel of the dashboards has something to show. */

import { appendFileSync } from 'node:fs'
import { encodeReportLine } from '../../../shared/pipe-line.ts'
import { makeDemoDatagrams } from '../../console/demo-flows.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../../helpers/pipeline.ts'
import { RolesServer } from '../../helpers/roles-server.ts'

const MINUTE_MS = 60_000
const DATAGRAMS = 30

export interface FilledDatabase {
  readonly server: RolesServer
  readonly pipeline: Pipeline
  stop(): Promise<void>
}

/** Fills a database through the writer, with flows of an hour that is over and of the present one. */
export async function fillDatabase(): Promise<FilledDatabase> {
  const server = await RolesServer.start()
  const pipeline = await startWriterAlone({
    databaseUrl: server.urlOf('netflow_writer'),
    environment: { ...QUICK },
  })
  const nowMs = Date.now()
  const datagrams = makeDemoDatagrams({
    sinceMs: nowMs - 110 * MINUTE_MS,
    untilMs: nowMs - 3 * MINUTE_MS,
    datagrams: DATAGRAMS,
  })
  const lines = datagrams.map(({ bytes, receivedAtMs, exporter }) =>
    encodeDatagramLine(bytes, receivedAtMs, exporter, 2055),
  )
  lines.push(encodeDatagramLine(Buffer.from('no message'), nowMs, '192.0.2.1', 2055))
  const report = encodeReportLine({
    collector: 'eda25eb9-9d12-4b3f-9c79-6a6f0e7f4d6e',
    startedAt: nowMs / 1000 - 3600,
    time: nowMs / 1000,
    received: lines.length,
    forwarded: lines.length,
    queueDropped: 0,
    kernelDropped: 0,
    final: false,
  })
  appendFileSync(pipeline.pipePath, lines.join(''))
  appendFileSync(pipeline.pipePath, report)
  await pipeline.expectNumber('select count(*) from flows', DATAGRAMS * (30 + 16 + 16))
  await pipeline.expectNumber('select count(*) from collector_reports', 1)
  await pipeline.ask(`update exporters set name = 'core' where address = '192.0.2.2'`)
  await pipeline.ask(
    `insert into exporter_prefixes (exporter, prefix)
     select address, prefix::cidr from exporters, unnest(array['10.0.0.0/8', '2001:db8::/32']) as prefix`,
  )
  return {
    server,
    pipeline,
    async stop() {
      await pipeline.stop()
      await server.stop()
    },
  }
}
