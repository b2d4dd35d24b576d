import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CaptureFile } from '../../../console/capture/capture-file.ts'
import type { CapturedDatagram } from '../../../console/capture/captured-datagram.ts'
import {
  encodePcap,
  encodePcapng,
  frameOf,
  LINKS,
  type UdpPlan,
  udpFragments,
  udpPacket,
} from '../../helpers/capture-files.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'
import { encodeNumbered } from '../../helpers/numbered-messages.ts'

const folder = mkdtempSync(join(tmpdir(), 'netflow-capture-'))
after(() => rmSync(folder, { recursive: true }))

const MICROS = 1_790_000_000_123_456
const HEADER = { now: MICROS / 1000, uptimeMs: 60_000, sequence: 1, domain: 0 }
const MESSAGE = encodeNumbered(5, HEADER, { first: 1, count: 2, withTemplate: false })
const LARGE = encodeNumbered(9, HEADER, { first: 1, count: 200, withTemplate: true })

const V4: UdpPlan = {
  source: '192.0.2.1',
  destination: '198.51.100.9',
  sourcePort: 50_000,
  port: 2055,
  payload: MESSAGE,
}
const V6: UdpPlan = { ...V4, source: '2001:db8::1', destination: '2001:db8::9' }
const OTHER: UdpPlan = { ...V4, port: 53, payload: Buffer.from('not netflow') }

let files = 0

async function read(content: Buffer, ports: readonly number[] = []) {
  files += 1
  const path = join(folder, String(files))
  writeFileSync(path, content)
  const datagrams: CapturedDatagram[] = []
  let problem = ''
  try {
    const file = await CaptureFile.open({ path, ports: new Set(ports) })
    for await (const batch of file.batches()) datagrams.push(...batch)
  } catch (error) {
    problem = (error as Error).message
  }
  return { datagrams, problem }
}

describe('CaptureFile', () => {
  for (const [link, [linkType]] of Object.entries(LINKS)) {
    it(`reads IPv4 and IPv6 over ${link}`, async () => {
      const frames = [V4, V6].map((plan) => frameOf(link, udpPacket(plan)))
      const expected = [V4, V6].map(({ source, sourcePort, payload }, index) => ({
        ...{ payload, receivedAtMicros: MICROS + index * 1000 },
        ...{ address: source, port: sourcePort },
      }))
      for (const content of [
        encodePcap(frames, { linkType }),
        encodePcap(frames, { linkType, isLittle: true, isNano: true }),
        encodePcapng(frames, { linkType }),
        encodePcapng(frames, { linkType, isLittle: false }),
        gzipSync(encodePcap(frames, { linkType })),
      ]) {
        assert.deepEqual(await read(content), { datagrams: expected, problem: '' })
      }
    })
  }

  it('puts fragments together, in any order', async () => {
    for (const plan of [V4, V6]) {
      const fragments = udpFragments({ ...plan, payload: LARGE }, 1_480)
      assert.ok(fragments.length > 2)
      for (const order of [fragments, fragments.toReversed()]) {
        const { datagrams, problem } = await read(
          encodePcap(order.map((one) => frameOf('vlan', one))),
        )
        assert.equal(problem, '')
        assert.deepEqual(datagrams[0]?.payload, LARGE)
      }
    }
  })

  it('says that fragments are missing, and reads the rest', async () => {
    const [first] = udpFragments({ ...V4, payload: LARGE }, 1_480)
    const frames = [first as Buffer, udpPacket(V4)].map((one) => frameOf('ethernet', one))
    const { datagrams, problem } = await read(encodePcap(frames))
    assert.equal(datagrams.length, 1)
    assert.match(problem, /^1 fragmented packets are incomplete/)
  })

  it('reads a cut capture up to the cut, wherever that is', async () => {
    const frames = [V4, V4].map((plan) => frameOf('ethernet', udpPacket(plan)))
    for (const content of [encodePcap(frames), encodePcapng(frames)]) {
      for (const missing of [1, 5, 40]) {
        const { datagrams, problem } = await read(content.subarray(0, -missing))
        assert.equal(datagrams.length, 1)
        assert.match(problem, /^cut off: the last \d+ bytes, from byte \d+ on/)
      }
    }
    const packed = gzipSync(encodePcap(Array.from({ length: 400 }, () => frames[0] as Buffer)))
    const { datagrams, problem } = await read(packed.subarray(0, -20))
    assert.ok(datagrams.length > 0)
    assert.match(problem, /^cut off: its compressed data ends early/)
  })

  it('never throws anything but a clear error, whatever byte is damaged', async () => {
    const frames = [V4, V6].map((plan) => frameOf('ethernet', udpPacket(plan)))
    for (const whole of [encodePcap(frames), encodePcapng(frames)]) {
      for (let at = 0; at < Math.min(whole.length, 160); at += 3) {
        const content = Buffer.from(whole)
        content[at] = 0xff
        const path = join(folder, 'damaged')
        writeFileSync(path, content)
        try {
          const file = await CaptureFile.open({ path })
          for await (const _ of file.batches());
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'BAD_CAPTURE', String(error))
        }
      }
    }
  })

  it('refuses a link type that it does not know', async () => {
    const { problem } = await read(
      encodePcap([frameOf('ethernet', udpPacket(V4))], { linkType: 105 }),
    )
    assert.match(problem, /^the link type 105 is not supported: capture on/)
  })

  it('names the ports of other traffic when there is no NetFlow', async () => {
    const frames = [OTHER, OTHER].map((plan) => frameOf('ethernet', udpPacket(plan)))
    const { problem } = await read(encodePcap(frames))
    assert.equal(
      problem,
      'no NetFlow or IPFIX in its 2 packets; UDP to 53 (2): name the port by --udp-port if one of them is it',
    )
    const chosen = await read(encodePcap(frames), [53])
    assert.equal(chosen.datagrams.length, 2)
  })

  it('says that packets were cut when they were captured', async () => {
    const frames = [V4].map((plan) => frameOf('ethernet', udpPacket(plan)))
    const { datagrams, problem } = await read(encodePcap(frames, { snapBytes: 68 }))
    assert.deepEqual(datagrams, [])
    assert.match(problem, /1 cut packets/)
  })

  it('reads pipe lines, and leaves reports out', async () => {
    const line = encodeDatagramLine(MESSAGE, MICROS / 1000, '192.0.2.1', 50_000)
    const content = Buffer.from(`${line}{"collector":"x"}\n${line}`)
    for (const packed of [content, gzipSync(content)]) {
      const { datagrams } = await read(packed)
      assert.equal(datagrams.length, 2)
      assert.deepEqual(datagrams[1], {
        ...{ payload: MESSAGE, receivedAtMicros: MICROS },
        ...{ address: '192.0.2.1', port: 50_000 },
      })
    }
    assert.match(
      (await read(content.subarray(0, -4))).problem,
      /^cut off: its last line has no end/,
    )
  })

  it('refuses what cannot be replayed, and says why', async () => {
    const flows = '{"1700000000.12":{"client":["192.0.2.1",50000],"header":{},"flows":[]}}\n'
    for (const [content, expected] of [
      ['', /^empty/],
      ['GIF89a', /^neither pipe lines nor a packet capture/],
      ['[1,2]\n', /^no pipe lines in it: 1 lines are none/],
      [flows, /^a file of python-netflow with decoded flows/],
    ] as const) {
      assert.match((await read(gzipSync(Buffer.from(content)))).problem, expected)
    }
  })
})
