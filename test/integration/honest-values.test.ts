/** Values that an exporter fills in without meaning, and values without a column, as rows. */

import { after, before, describe, it } from 'node:test'
import {
  hex64,
  type IpfixField,
  type IpfixValue,
  ipfixMessage,
  ipfixTemplate,
  oneIpfixRecord,
  set,
  VARIABLE,
  variable,
} from '../helpers/netflow-bytes.ts'
import { type Pipeline, QUICK, startWriterAlone } from '../helpers/pipeline.ts'

const CISCO = 9
/** 2020-01-01T00:00:00Z in milliseconds, and as an NTP time. */
const NEW_YEAR_MS = Date.UTC(2020, 0, 1)
const NEW_YEAR_NTP = `${(NEW_YEAR_MS / 1000 + 2_208_988_800).toString(16)} 00000000`
const IPV6 = '20010db8000000000000000000000007'
const ZERO6 = '00'.repeat(16)

describe('rows of a writer', () => {
  let pipeline: Pipeline
  let cases = 0
  before(async () => {
    pipeline = await startWriterAlone({ environment: QUICK })
  })
  after(() => pipeline.stop())

  /** Feeds one message of an exporter of its own, and compares columns of its rows. */
  async function expectRow(message: Buffer, columns: string, row: object): Promise<void> {
    cases += 1
    const address = `192.0.2.${cases}`
    pipeline.feed(address, message)
    await pipeline.expectRows(`select ${columns} from flows where exporter = '${address}'`, [row])
  }

  function recordOf(...values: readonly IpfixValue[]): Buffer {
    return ipfixMessage(oneIpfixRecord(values))
  }

  const TIMES = `to_char(flow_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as start,
    to_char(flow_end at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as end, extra`

  it('have no time where the exporter sent 0, and the 0 in extra', async () => {
    const zero = '00'.repeat(8)
    await expectRow(recordOf([154, zero], [155, zero]), TIMES, {
      start: null,
      end: null,
      extra: { flowEndMicroseconds: 0, flowStartMicroseconds: 0 },
    })
    await expectRow(recordOf([150, '00000000'], [155, NEW_YEAR_NTP]), TIMES, {
      start: null,
      end: '2020-01-01 00:00:00.000',
      extra: { flowStartSeconds: 0 },
    })
  })

  it('have the start from end and duration', async () => {
    await expectRow(recordOf([153, hex64(NEW_YEAR_MS)], [161, '000005dc']), TIMES, {
      start: '2019-12-31 23:59:58.500',
      end: '2020-01-01 00:00:00.000',
      extra: null,
    })
  })

  it('have all bytes of a text with a NUL inside', async () => {
    const fields: readonly IpfixField[] = [
      [82, VARIABLE],
      [12_235, VARIABLE, CISCO],
      [9357, VARIABLE, CISCO],
    ]
    const values = [
      variable('65 00 66'),
      variable('030000503402 6578616d706c652e636f6d'),
      variable('2f61 00 0003'),
    ]
    const message = ipfixMessage(set(2, ipfixTemplate(256, fields)), set(256, ...values))
    await expectRow(message, 'extra', {
      extra: {
        appHTTPHost: { id: '030000503402', text: 'example.com' },
        interfaceName: { hex: '650066' },
        appHTTPUriStatistics: [{ uri: '/a', count: 3 }],
      },
    })
  })

  it('have IPv6 addresses in extra as the columns show them', async () => {
    await expectRow(
      recordOf([27, IPV6], [281, IPV6], [63, '00000000000000000000ffffc0000201']),
      `host(src_addr) as src, extra->>'postNATSourceIPv6Address' as nat,
        extra->>'postNATSourceIPv6Address' = host(src_addr) as same,
        extra->>'bgpNextHopIPv6Address' as hop`,
      { src: '2001:db8::7', nat: '2001:db8::7', same: true, hop: '::ffff:192.0.2.1' },
    )
  })

  it('have no next hop of zeros of the other family', async () => {
    const hop = 'host(next_hop) as hop, extra'
    await expectRow(recordOf([27, IPV6], [15, '00000000']), hop, { hop: null, extra: null })
    await expectRow(recordOf([8, 'c0000207'], [62, ZERO6]), hop, { hop: null, extra: null })
    const real = recordOf([27, IPV6], [15, 'c0000209'], [62, ZERO6])
    await expectRow(real, hop, { hop: '192.0.2.9', extra: null })
  })
})
