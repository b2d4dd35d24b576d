import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProblemLog } from '../../../writer/ingest/problem-log.ts'
import { type LogLine, recordingLogger } from '../load/loader-harness.ts'

const SPOOFED = 100_000

describe('the log of problems', () => {
  it('stays short and small while 100,000 addresses send garbage, and reports all muted lines in the end', () => {
    const lines: LogLine[] = []
    const log = new ProblemLog(recordingLogger(lines))
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < SPOOFED; index++) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
      log.warn(index / 10, address, 'rejected a datagram', { bytes: 1 })
      if (index % 1_000 === 0) log.logMuted(index / 10)
    }
    assert.ok(lines.length < 60, `${lines.length} lines`)
    assert.ok(process.memoryUsage().heapUsed - before < 50e6)
    log.logMuted(200_000)
    const muted = lines.filter(({ msg }) => msg === 'muted lines: rejected a datagram')
    const told = lines.length - muted.length + sum(lines.map((line) => Number(line['muted'] ?? 0)))
    assert.equal(told, SPOOFED)
    assert.equal(muted.at(-1)?.['exporter'], 'others')
    const { length } = lines
    log.logMuted(1e9)
    assert.equal(lines.length, length)
  })

  it('writes a line per exporter and reason a minute, with the count of muted lines', () => {
    const lines: LogLine[] = []
    const log = new ProblemLog(recordingLogger(lines))
    for (let second = 0; second < 150; second++) {
      log.warn(second * 1_000, '192.0.2.1', 'one', {})
      log.info(second * 1_000, '192.0.2.1', 'other', {})
      if (second === 0) log.warn(0, '192.0.2.2', 'one', {})
      log.logMuted(second * 1_000)
    }
    const told = (text: string) =>
      lines.filter(({ msg }) => msg === text).map(({ exporter, muted }) => [exporter, muted])
    assert.deepEqual(told('one'), [
      ['192.0.2.1', undefined],
      ['192.0.2.2', undefined],
      ['192.0.2.1', 59],
      ['192.0.2.1', 59],
    ])
    assert.deepEqual(told('other').length, 3)
    log.logMuted(300_000)
    assert.deepEqual(told('muted lines: one'), [['192.0.2.1', 29]])
    assert.deepEqual(
      lines.filter(({ level }) => level === 30).map(({ msg }) => msg),
      ['other', 'other', 'other', 'muted lines: other'],
    )
  })
})

describe('a line about an address that is none', () => {
  it('quotes its beginning, without characters that a terminal obeys', () => {
    const lines: LogLine[] = []
    const log = new ProblemLog(recordingLogger(lines))
    const address = '\u001b[2J'.repeat(15_000)
    log.warn(0, address, 'rejected a datagram', {})
    log.warn(1, address, 'rejected a datagram', {})
    log.logMuted(Number.POSITIVE_INFINITY)
    assert.equal(lines.length, 2)
    for (const { exporter } of lines) {
      assert.match(String(exporter), /^(\\u001b\[2J){30}… \(60000 characters\)$/)
    }
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
