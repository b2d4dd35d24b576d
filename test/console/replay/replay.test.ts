import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CaptureFile } from '../../../console/capture/capture-file.ts'
import { encodePcap, frameOf, udpPacket } from '../../helpers/capture-files.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'
import { encodeCapture } from '../../helpers/packet-capture.ts'
import { type Pipeline, QUICK, startPipeline, startWriterAlone } from '../../helpers/pipeline.ts'
import { until } from '../../helpers/until.ts'
import { findProgram, missingPrograms } from '../../integration/exporters/programs.ts'
import { sampleTraffic } from '../../integration/exporters/sample-traffic.ts'
import { runLine } from '../terminal/terminal-harness.ts'

const MESSAGES = 50
const RECORDS = 3
const SINCE_MS = Date.parse('2026-11-28T12:00:00Z')

function message(index: number): Buffer {
  const header = { now: SINCE_MS + index * 10, uptimeMs: 60_000, domain: 0 }
  const flows = { first: index * RECORDS, count: RECORDS, withTemplate: false }
  return encodeNumbered(5, { ...header, sequence: index * RECORDS }, flows)
}

const LINES = Array.from({ length: MESSAGES }, (_, index) =>
  encodeDatagramLine(message(index), SINCE_MS + index * 10, '192.0.2.1', 50_000),
)
const REPORT = `{"collector":"other","startedAt":1,"time":2,"received":99,"forwarded":99,"queueDropped":0}\n`

describe('netflow replay', () => {
  let pipeline: Pipeline
  before(async () => {
    pipeline = await startWriterAlone({ environment: { ...QUICK, RETENTION_DAYS: '0' } })
  })
  after(() => pipeline.stop())

  const run = (line: string) =>
    runLine(line, pipeline.databaseUrl, {
      environment: { NAMED_PIPE_FILENAME: pipeline.pipePath },
    })
  const write = (name: string, content: Buffer | string) => {
    const path = join(pipeline.folder, name)
    writeFileSync(path, content)
    return path
  }
  const flows = 'select count(*) from flows'

  it('brings lines into the pipeline with their times and exporters, and the balance adds up', async () => {
    const path = write(
      'a.lines.gz',
      gzipSync(LINES.slice(0, 20).join('') + REPORT + LINES.slice(20).join('')),
    )
    const { code, stderr } = await run(`netflow replay ${path}`)
    assert.deepEqual([code, stderr], [0, `netflow: replayed ${MESSAGES} datagrams\n`])
    await pipeline.expectNumber(flows, MESSAGES * RECORDS)
    await pipeline.expectRows(
      `select host(exporter) as exporter, min(received_at)::text as first, count(*)::int
       from flows group by 1`,
      [{ exporter: '192.0.2.1', first: '2026-11-28 12:00:00+00', count: MESSAGES * RECORDS }],
    )
    await pipeline.expectRows(
      'select collector_received::int as received, difference::int from pipeline_balance',
      [{ received: MESSAGES, difference: 0 }],
    )
  })

  it('keeps the distances in time, shortened', async () => {
    const path = write('paced.lines', LINES.join(''))
    const started = performance.now()
    const { code } = await run(`netflow replay --speed 2 ${path}`)
    assert.equal(code, 0)
    // 49 distances of 10 ms, at twice the speed.
    assert.ok(performance.now() - started >= 240)
    await pipeline.expectNumber(flows, 2 * MESSAGES * RECORDS)
  })

  it('replays what a cut file holds, and says that it is cut', async () => {
    const path = write('cut.lines', `${LINES.slice(0, 2).join('')}["AAU`)
    const { code, stderr } = await run(`netflow replay ${path}`)
    assert.equal(code, 1)
    assert.equal(
      stderr,
      `netflow: replayed 2 datagrams\nnetflow: ${path}: cut off: its last line has no end\n`,
    )
    await pipeline.expectNumber(flows, (2 * MESSAGES + 2) * RECORDS)
  })

  it('refuses wrong use by 2, and what cannot be replayed by 1', async () => {
    const path = write('no.lines', LINES.join(''))
    for (const [line, code, text] of [
      [`netflow replay --speed fast ${path}`, 2, /--speed: "fast" is no speed/],
      [`netflow replay --to nowhere ${path}`, 2, /--to: "nowhere" is not like/],
      [`netflow replay --decode --to [::1]:9 ${path}`, 2, /exclude each other/],
      [`netflow replay --udp-port x ${path}`, 2, /--udp-port: "x" is no port/],
      ['netflow replay', 2, /missing required argument/],
      [`netflow replay ${path}.missing`, 1, /no such file/],
      [`netflow replay --pipe ${path} ${path}`, 1, /is no named pipe: start the writer/],
    ] as const) {
      const outcome = await run(line)
      assert.equal(outcome.code, code, line)
      assert.match(outcome.stderr, text)
    }
  })

  it('decodes without a database: templates, flows, problems', async () => {
    const header = { now: SINCE_MS, uptimeMs: 60_000, sequence: 1, domain: 7 }
    const payload = encodeNumbered(9, header, { first: 1, count: 1, withTemplate: true })
    const plan = {
      source: '192.0.2.1',
      destination: '192.0.2.9',
      sourcePort: 5,
      port: 2055,
      payload,
    }
    const frames = [frameOf('ethernet', udpPacket(plan))]
    const path = write('a.pcap', encodePcap(frames, { micros: SINCE_MS * 1000 }))
    const table = await run(`netflow replay --decode ${path}`)
    assert.deepEqual(table.stdout.split('\n').slice(0, 3), [
      '2026-11-28T12:00:00.000000Z 192.0.2.1:5 v9 domain 7 sequence 1 exported 2026-11-28T12:00:00.000000Z: 1 flows',
      '  template 256: sourceIPv4Address 4, destinationIPv4Address 4, sourceTransportPort 2, ' +
        'destinationTransportPort 2, protocolIdentifier 1, octetDeltaCount 4, packetDeltaCount 4, ' +
        'flowStartSysUpTime 4, flowEndSysUpTime 4',
      '  flow TCP 192.0.2.1:40000 > 198.51.100.1:443 2026-11-28T11:59:59.900000Z to ' +
        '2026-11-28T12:00:00.000000Z bytes 1, packets 1',
    ])
    const json = await run(`netflow replay --decode --format jsonl ${path}`)
    const decoded = JSON.parse(json.stdout)
    assert.equal(decoded.templates[0].id, 256)
    assert.equal(decoded.flows[0].src_addr, '192.0.2.1')
  })

  it('sends by UDP to a collector, which stands in the way of the pipe', async () => {
    await pipeline.startCollector()
    const path = write('udp.lines', LINES.slice(0, 5).join(''))
    const before = Number((await pipeline.ask(flows))[0]?.['count'])
    const refused = await run(`netflow replay ${path}`)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /a collector writes into .*, and lines would get mixed: stop/)
    const sent = await run(`netflow replay --speed 1 --to 127.0.0.1:${pipeline.port} ${path}`)
    assert.equal(sent.code, 0)
    await pipeline.expectNumber(flows, before + 5 * RECORDS)
  })
})

/** Counts the datagrams that a capture holds by now. */
async function countDatagrams(path: string): Promise<number> {
  try {
    const file = await CaptureFile.open({ path })
    for await (const _ of file.batches());
    return file.datagrams
  } catch {
    return 0
  }
}

const ROWS = `
  select to_jsonb(flows) - 'received_at' as row from flows
  order by src_addr, dst_addr, src_port, dst_port, protocol, flow_start, bytes`

describe('a capture of softflowd', {
  skip:
    missingPrograms('softflowd', 'tcpdump') || (process.getuid?.() !== 0 && 'tcpdump needs root'),
}, () => {
  it('gives by replay the rows of the live run', async () => {
    const live = await startPipeline({ environment: QUICK })
    const replayed = await startWriterAlone({ environment: QUICK })
    try {
      const capture = join(live.folder, 'export.pcap')
      const filter = ['udp', 'and', 'port', String(live.port)]
      const tcpdump = spawn(findProgram('tcpdump') ?? '', [
        '-i',
        'lo',
        '--immediate-mode',
        '-U',
        '-w',
        capture,
        ...filter,
      ])
      let said = ''
      tcpdump.stderr.on('data', (text) => {
        said += String(text)
      })
      await until('tcpdump listens', () => said.includes('listening on'))
      const traffic = join(live.folder, 'traffic.pcap')
      writeFileSync(
        traffic,
        encodeCapture(sampleTraffic({ startMs: Date.now() - 60_000, families: 'both' })),
      )
      const place = ['-n', `127.0.0.1:${live.port}`, '-v', '9', '-d', '-c', 'none']
      const softflowd = spawn(findProgram('softflowd') ?? '', ['-r', traffic, ...place], {
        cwd: live.folder,
        stdio: 'ignore',
      })
      await once(softflowd, 'exit')
      await until('all is captured and stored', async () => {
        const [read] = await live.ask('select datagram_lines::int as lines from journal_positions')
        const captured = await countDatagrams(capture)
        return captured > 0 && captured === read?.['lines']
      })
      tcpdump.kill('SIGINT')
      await once(tcpdump, 'exit')
      const { code, stderr } = await runLine(
        `netflow replay --pipe ${replayed.pipePath} ${capture}`,
        '',
      )
      assert.equal(code, 0, stderr)
      const expected = await live.ask(ROWS)
      await replayed.expectNumber('select count(*) from flows', expected.length)
      assert.deepEqual(await replayed.ask(ROWS), expected)
    } finally {
      await replayed.stop()
      await live.stop()
    }
  })
})
