import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LineSelection } from '../../../console/record/line-selection.ts'
import { encodeReportLine } from '../../../shared/pipe-line.ts'
import { encodeDatagramLine } from '../../helpers/datagram-line.ts'

const REPORT = encodeReportLine({
  collector: '8f14e45f-ceea-467f-a9d4-1f0b2c3d4e5f',
  ...{ startedAt: 1, time: 2, received: 3, forwarded: 3, queueDropped: 0, kernelDropped: 0 },
  final: false,
})
const line = (address: string) => encodeDatagramLine(Buffer.from('abc'), 1_000, address, 2055)

describe('the lines of one exporter', () => {
  it('begin with the first whole one; malformed lines count, but for the rest of a cut one', () => {
    const selection = new LineSelection({ exporter: '192.0.2.1', anonymizer: undefined })
    const cut = line('192.0.2.1').slice(20)
    const text = `${cut}${line('192.0.2.1')}rubbish\n${line('192.0.2.2')}${REPORT}["AA`
    assert.equal(selection.push(Buffer.from(text)).toString(), line('192.0.2.1'))
    const { datagrams, malformed, others } = selection.counts
    assert.deepEqual([datagrams, malformed, others], [1, 1, 1])
    assert.equal(selection.restBytes, 4)
  })

  it('leave out what lost bytes have cut', () => {
    const selection = new LineSelection({ exporter: '192.0.2.1', anonymizer: undefined })
    selection.push(Buffer.from(`${line('192.0.2.1')}["AA`))
    selection.skip(100)
    const rest = `AA==", 1.0, ["192.0.2.1", 1]]\n${line('192.0.2.1')}`
    assert.equal(selection.push(Buffer.from(rest)).toString(), line('192.0.2.1'))
    assert.equal(selection.counts.missedBytes, 104)
  })
})
