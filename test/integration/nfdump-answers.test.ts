/** The same datagrams into Debian's nfcapd: what nfdump counts is what the views count. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodeV5Message, type V5Flow } from '../../launcher/demo/messages.ts'
import { endProcess } from '../bench/measure/end-process.ts'
import { waitForListener } from '../bench/peers/collector-peer.ts'
import { findFreeUdpPort } from '../helpers/free-port.ts'
import { type Pipeline, QUICK, startPipeline } from '../helpers/pipeline.ts'
import { Random } from '../helpers/random.ts'
import { UdpSender } from '../helpers/udp-sender.ts'
import { missingPrograms } from './exporters/programs.ts'

const SERVERS = [443, 53, 22, 5432]
const MESSAGES = 20
const UPTIME_MS = 10_000_000

/** Makes both directions of a conversation; sometimes one is missing. */
function makeConversation(random: Random, port: number): V5Flow[] {
  const serverPort = random.pick(SERVERS)
  const firstUptimeMs = UPTIME_MS - 50_000 + random.below(10_000)
  const common = {
    protocol: serverPort === 53 ? 17 : 6,
    tcpFlags: serverPort === 53 ? 0 : 0x1b,
    firstUptimeMs,
    lastUptimeMs: firstUptimeMs + random.below(20_000),
  }
  const client = `10.0.0.${1 + random.below(9)}`
  const server = `198.51.100.${1 + random.below(5)}`
  const request = {
    ...common,
    srcAddr: client,
    dstAddr: server,
    srcPort: port,
    dstPort: serverPort,
    packets: 1 + random.below(100),
    bytes: 40 + random.below(100_000),
  }
  const reply = {
    ...common,
    srcAddr: server,
    dstAddr: client,
    srcPort: serverPort,
    dstPort: port,
    packets: 1 + random.below(100),
    bytes: 40 + random.below(1_000_000),
    firstUptimeMs: firstUptimeMs + 5,
    lastUptimeMs: common.lastUptimeMs + 5,
  }
  return random.below(10) === 0 ? [request] : [request, reply]
}

function makeMessages(): Buffer[] {
  const random = new Random(11)
  const flows: V5Flow[] = []
  for (let port = 20_000; flows.length < MESSAGES * 30; port++) {
    flows.push(...makeConversation(random, port))
  }
  return Array.from({ length: MESSAGES }, (_, index) =>
    encodeV5Message(
      {
        sysUptimeMs: UPTIME_MS,
        unixSeconds: Math.floor(Date.now() / 1000),
        sequence: index * 30,
        // One packet in 10: both have to multiply.
        sampling: (1 << 14) | 10,
      },
      flows.slice(index * 30, index * 30 + 30),
    ),
  )
}

const skip = missingPrograms('nfcapd', 'nfdump')

describe('the views, and nfdump', { skip }, () => {
  let folder: string
  let pipeline: Pipeline
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'netflow-nfdump-'))
    pipeline = await startPipeline({ environment: QUICK })
    const port = await findFreeUdpPort()
    const nfcapd = spawn('nfcapd', ['-w', folder, '-b', '127.0.0.1', '-p', String(port)], {
      stdio: 'ignore',
    })
    await waitForListener(port)
    const senders = [new UdpSender({ port }), new UdpSender({ port: pipeline.port })]
    for (const message of makeMessages()) {
      for (const sender of senders) await sender.send(message)
    }
    await pipeline.expectNumber('select count(*) from flows', MESSAGES * 30)
    for (const sender of senders) sender.close()
    await endProcess(nfcapd)
  })
  after(async () => {
    await pipeline?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Returns the lines of a format, split at commas and without blanks. */
  function nfdump(format: string, ...args: readonly string[]): string[][] {
    const output = execFileSync(
      'nfdump',
      ['-R', folder, '-q', '-N', '-o', `fmt:${format}`, ...args],
      {
        encoding: 'utf8',
      },
    )
    return output
      .split('\n')
      .filter((line) => line.includes(','))
      .map((line) => line.split(',').map((cell) => cell.trim()))
  }

  async function ask(sql: string): Promise<string[][]> {
    return (await pipeline.ask(sql)).map((row) => Object.values(row).map(String))
  }

  it('have the same flows, with the same letters of flags and scaled counters', async () => {
    assert.deepEqual(
      nfdump('%sa,%sp,%da,%dp,%pr,%flg,%pkt,%byt').sort(),
      (
        await ask(
          `select host(src_addr) as a, src_port, host(dst_addr) as b, dst_port, protocol,
             coalesce(tcp_flag_letters, '........') as d, packets, bytes from flow_details`,
        )
      ).sort(),
    )
  })

  it('join the same conversations, with the same bytes from client and server', async () => {
    // Of an aggregated pair, "in" is what the client sent, and "out" what the server sent.
    const expected = nfdump('%sa,%sp,%da,%dp,%ipkt,%ibyt,%opkt,%obyt', '-B')
    const found = await ask(
      `select host(client) as a, client_port, host(server) as b, server_port,
         coalesce(client_packets, 0) as c, coalesce(client_bytes, 0) as d,
         coalesce(server_packets, 0) as e, coalesce(server_bytes, 0) as f from conversations`,
    )
    assert.deepEqual(found.sort(), expected.sort())
  })
})
