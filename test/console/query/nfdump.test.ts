import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { compileFilter } from '../../../console/query/compile-filter.ts'
import { parseFilter } from '../../../console/query/filter/filter.ts'
import { FLOWS } from '../../../console/query/relations.ts'
import { Parameters } from '../../../console/query/sql.ts'
import { findFreeUdpPort } from '../../helpers/free-port.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../../helpers/pipeline.ts'
import { UdpSender } from '../../helpers/udp-sender.ts'
import { until } from '../../helpers/until.ts'
import { findProgram, missingPrograms } from '../../integration/exporters/programs.ts'
import { makeDemoDatagrams } from '../demo-flows.ts'
import { runLine } from '../terminal/terminal-harness.ts'

const run = promisify(execFile)

/** nfdump 1.7.1 wants "proto tcp", and has no names for exporters. */
const FILTERS = [
  'any',
  'src net 10.1.0.0/16 and (dst port 443 or dst port 53) and not proto udp',
  'not dst port 53',
  'bytes > 60000',
  'bytes > 10k and packets < 100',
  'host 198.51.100.10',
  'src ip in [198.51.100.10 198.51.100.11 203.0.113.1]',
  'net 2001:db8::/32',
  'dst net 2001:db8:f443::/48 or src port 22',
  'port in [22 53 443]',
  // nfdump sees type and code of ICMP as a port.
  'port > 1023 and port < 30000 and not (proto icmp or proto icmp6)',
  'proto tcp and flags S and not flags R',
  'flags AF',
  'proto icmp',
  'ipv6 and not proto tcp',
  'ipv4 and (proto udp or bytes < 100)',
  'in if 1 or out if 2',
  'duration > 2000',
  'packets = 1',
  'bpp > 1000',
  'tos 0 and not (proto tcp or proto udp)',
  'src and dst port > 400 or src or dst port 22',
  'not (not (proto udp) or not port 53)',
]

/** nfdump does not show the ICMP type of v9 flows. */
const NO_ICMP = 'not (proto icmp or proto icmp6)'

/** Bytes that the kernel holds for the socket of a port; undefined: nobody listens. */
function pendingBytes(port: number): number | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['/proc/net/udp', '/proc/net/udp6']
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .map((row) => row.trim().split(/\s+/))
    .filter((words) => words[1]?.endsWith(suffix))
  if (rows.length === 0) return undefined
  return rows.reduce((sum, words) => sum + Number.parseInt(words[4]?.split(':')[1] ?? '0', 16), 0)
}

/** Both have names for protocols; nfdump calls ICMPv6 ICMP6, and pads addresses of IPv6 further. */
function sortLines(lines: readonly string[]): string[] {
  const plain = lines.map((line) => line.replace('ICMP6', 'IPV6-ICMP').replace(/ +/g, ' ').trim())
  return plain.filter((line) => line !== '').sort()
}

const skip = process.platform === 'linux' ? missingPrograms('nfcapd', 'nfdump') : 'needs Linux'
describe('filters', { skip }, () => {
  let pipeline: Pipeline
  let nfcapd: ChildProcess
  let folder: string

  before(async () => {
    const untilMs = Math.floor(Date.now() / 1000) * 1000
    const datagrams = makeDemoDatagrams({
      sinceMs: untilMs - 60_000,
      untilMs,
      datagrams: 20,
      samplingRate: 1,
    })
    pipeline = await startWriterAlone({ environment: QUICK })
    folder = join(pipeline.folder, 'nfcapd')
    await mkdir(folder)
    const port = await findFreeUdpPort()
    nfcapd = spawn(findProgram('nfcapd') ?? '', ['-w', folder, '-p', String(port), '-t', '3600'], {
      stdio: 'ignore',
    })
    await until('nfcapd listens', () => pendingBytes(port) !== undefined)
    const sender = new UdpSender({ port })
    for (const { exporter, bytes } of datagrams) {
      pipeline.feed(exporter, bytes)
      await sender.send(bytes)
      await until('nfcapd has read', () => pendingBytes(port) === 0)
    }
    sender.close()
    const ended = new Promise((resolve) => nfcapd.once('exit', resolve))
    nfcapd.kill('SIGTERM')
    await ended
    const flows = 20 * (30 + 16 + 16)
    await pipeline.expectNumber('select count(*) from flows', flows)
  })
  after(async () => {
    nfcapd?.kill('SIGKILL')
    await pipeline?.stop()
  })

  async function askNfdump(filter: string) {
    const { stdout } = await run('nfdump', ['-R', folder, '-N', '-o', 'null', filter])
    const found = /total flows: (\d+), total bytes: (\d+), total packets: (\d+)/.exec(stdout)
    assert.ok(found, stdout)
    return found.slice(1)
  }

  async function askDatabase(filter: string) {
    const parameters = new Parameters()
    const condition = compileFilter(parseFilter(filter), FLOWS, parameters)
    const [sums] = await pipeline.ask(
      `select count(*)::text as flows, coalesce(sum(bytes), 0)::text as bytes,
        coalesce(sum(packets), 0)::text as packets from flows where ${condition}`,
      parameters.values,
    )
    return [sums?.['flows'], sums?.['bytes'], sums?.['packets']]
  }

  for (const format of ['line', 'long', 'extended']) {
    it(`show flows as nfdump does: ${format}`, async () => {
      const env = { ...process.env, TZ: 'UTC' }
      const all = ['-R', folder, '-q', '-6', '-o', format, NO_ICMP]
      const { stdout: expected } = await run('nfdump', all, { env })
      const { stdout } = await runLine(
        `netflow flows -n 0 --since 2000-01-01 --until 2100-01-01 --format ${format} ${NO_ICMP}`,
        pipeline.databaseUrl,
      )
      const shown = stdout.split('\n').slice(1)
      assert.deepEqual(sortLines(shown), sortLines(expected.split('\n')))
    })
  }

  for (const filter of FILTERS) {
    it(`select what nfdump selects: ${filter}`, async () => {
      const expected = await askNfdump(filter)
      assert.deepEqual(await askDatabase(filter), expected)
      assert.notEqual(expected[0], '0', 'the filter selects nothing and proves nothing')
    })
  }
})
